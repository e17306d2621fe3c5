// The ACL plugin, and the plugins ABX and ABF that forward by ACLs.
export { Abf } from "./abf.js";
export { Abx } from "./abx.js";
export { type Acl, type AclRule, Acls } from "./acl.js";
