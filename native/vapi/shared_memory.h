/* Parts of VPP's shared memory that libvapiclient does not show. In C, because the headers are not C++. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/* Process id of the VPP behind the mapping. Only while connected through shared memory. */
int vpp_punt_vapi_vpp_pid(void);

/* Makes the request queue of a dead VPP usable for the farewell that libvapiclient always sends. Without
   this, it would never return from waiting for room in a full queue, or for a lock that died with VPP. */
void vpp_punt_vapi_reset_dead_queue(void);

/* Names the client to the part of the library that says farewell. The library of a VPP before 23.02 forgets
   to: VPP then keeps the client, and vapi_disconnect waits 2 s for an answer. */
void vpp_punt_vapi_set_client(int client_index);

#ifdef __cplusplus
}
#endif
