/**
 * The commands of the program {@code glimt}.
 *
 * <p>No SQL text, no tensors.
 */
@NullMarked
package glimt.deploy.command;

import org.jspecify.annotations.NullMarked;
