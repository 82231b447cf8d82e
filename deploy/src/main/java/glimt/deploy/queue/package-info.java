/**
 * Measures the speed of the job queue, relative to that of the database below it.
 *
 * <p>No SQL text, no tensors.
 */
@NullMarked
package glimt.deploy.queue;

import org.jspecify.annotations.NullMarked;
