/**
 * How the rooms are joined: the commands and the processes.
 *
 * <p>No SQL text, no tensors.
 */
@NullMarked
package glimt.deploy;

import org.jspecify.annotations.NullMarked;
