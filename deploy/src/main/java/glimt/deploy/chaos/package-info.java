/**
 * Faults that happen to a farm of real processes, and what must be true after each.
 *
 * <p>No SQL text, no tensors.
 */
@NullMarked
package glimt.deploy.chaos;

import org.jspecify.annotations.NullMarked;
