/* Locks of whole files and folders that end with their descriptor. */
#ifndef TENON_NODE_FILE_LOCK_H
#define TENON_NODE_FILE_LOCK_H

namespace tenon {

/* Locks the open file, shared with others or for this descriptor alone. Never waits. Returns 1 if it is
 * locked, 0 if another descriptor holds a lock that excludes this one, and -1 if the system cannot lock it. */
int LockFile(int descriptor, bool exclusive);

}  // namespace tenon

#endif
