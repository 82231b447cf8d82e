/**
 * The cluster: its nodes, all messages between them, and the actor that assigns tasks to workers.
 *
 * <p>No tensors, no HTTP, no SQL text. All durable state is in the ledger, and every decision is a
 * row there.
 */
@NullMarked
package glimt.coordinator;

import org.jspecify.annotations.NullMarked;
