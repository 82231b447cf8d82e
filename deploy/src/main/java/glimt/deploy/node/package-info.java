/**
 * One node of a farm: its home, its processes, its worker slots and how it ends.
 *
 * <p>No SQL text, no tensors.
 */
@NullMarked
package glimt.deploy.node;

import org.jspecify.annotations.NullMarked;
