/**
 * The commands: what a person types, and what comes back.
 *
 * <p>No SQL text, no tensors.
 */
@NullMarked
package glimt.deploy.command;

import org.jspecify.annotations.NullMarked;
