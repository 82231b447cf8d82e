/**
 * Injects faults into a farm of real processes, and checks after each fault that the farm has kept
 * its promises.
 *
 * <p>No SQL text, no tensors.
 */
@NullMarked
package glimt.deploy.chaos;

import org.jspecify.annotations.NullMarked;
