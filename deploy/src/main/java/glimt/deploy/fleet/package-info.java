/**
 * A small farm of separate processes on this machine.
 *
 * <p>No SQL text, no tensors.
 */
@NullMarked
package glimt.deploy.fleet;

import org.jspecify.annotations.NullMarked;
