/**
 * One node of a farm: its home, its worker processes, its start and its shutdown.
 *
 * <p>No SQL text, no tensors.
 */
@NullMarked
package glimt.deploy.node;

import org.jspecify.annotations.NullMarked;
