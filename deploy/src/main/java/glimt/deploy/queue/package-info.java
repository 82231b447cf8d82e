/**
 * How fast the queue is, next to the database that it stands on.
 *
 * <p>No SQL text, no tensors.
 */
@NullMarked
package glimt.deploy.queue;

import org.jspecify.annotations.NullMarked;
