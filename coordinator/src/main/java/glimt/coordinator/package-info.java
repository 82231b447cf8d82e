/**
 * Who works on what: the cluster's whole conversation and the actor that introduces tasks to
 * workers.
 *
 * <p>No tensors, no HTTP, no SQL text. Nothing here is remembered: every decision is a row in the
 * ledger.
 */
@NullMarked
package glimt.coordinator;

import org.jspecify.annotations.NullMarked;
