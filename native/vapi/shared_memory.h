/* What libvapiclient does not tell of VPP's shared memory. In C: the headers that declare it are no C++. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/* Process id of the VPP behind the mapping. Only while connected through shared memory. */
int vpp_punt_vapi_vpp_pid(void);

/* Makes the request queue of a VPP that is dead usable again, for the farewell that libvapiclient insists on
   sending: it would wait for ever for room in a full queue, or for a lock that died with VPP. */
void vpp_punt_vapi_reset_dead_queue(void);

#ifdef __cplusplus
}
#endif
