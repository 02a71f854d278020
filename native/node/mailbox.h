/* The mailboxes of the process. Their table only grows, to the largest number of instances open at one
 * time. */
#ifndef TENON_NODE_MAILBOX_H
#define TENON_NODE_MAILBOX_H

#include "node/events.h"

namespace tenon {

/* Returns a closed mailbox of a generation that no `ctx` refers to yet. Returns NULL if memory or the table
 * is exhausted. [any-thread] */
Mailbox *AcquireMailbox();
/* Starts the next generation of a mailbox that is closed and empty. [any-thread] */
void ReleaseMailbox(Mailbox *mailbox);
/* Returns the mailbox of `ctx`, in any generation: compare the ids under its mutex. Returns NULL for an
 * invalid number. [any-thread] */
Mailbox *FindMailbox(uint64_t id);

/* Queues an event. Returns the status for the plugin. [any-thread] */
tenon_status PostEvent(Mailbox *mailbox, uint64_t id, const uint8_t *data, size_t length);
/* Queues a log entry, or counts it as dropped. [any-thread] */
void PostLog(Mailbox *mailbox, uint64_t id, int32_t level, const char *message, size_t length);
/* Begins to refuse events with TENON_CLOSED. [any-thread, while the mailbox is open] */
void RefuseEvents(Mailbox *mailbox);
/* Takes the oldest entry, or returns NULL if the mailbox is empty. `more` receives whether entries remain. */
Entry *TakeEntry(Mailbox *mailbox, bool *more);
/* Moves the log entries into `logs`, in order, and discards the events. Called with the mailbox locked. */
void TakeLogs(Mailbox *mailbox, EntryList *logs);

}  // namespace tenon

#endif
