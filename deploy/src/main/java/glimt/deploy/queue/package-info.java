/**
 * Measures the speed of the job queue, relative to that of the database below it, and how fairly it
 * gives jobs their devices.
 *
 * <p>No SQL text, no tensors.
 */
@NullMarked
package glimt.deploy.queue;

import org.jspecify.annotations.NullMarked;
