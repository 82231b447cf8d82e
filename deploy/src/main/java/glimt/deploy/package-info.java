/**
 * The program {@code glimt}: parses the command line and starts the commands.
 *
 * <p>No SQL text, no tensors.
 */
@NullMarked
package glimt.deploy;

import org.jspecify.annotations.NullMarked;
