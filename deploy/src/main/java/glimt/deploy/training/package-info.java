/**
 * Connects the commands {@code train} and {@code eval} to the module {@code training}. Only this
 * package refers to that module, and no other package refers to this one: {@link
 * java.util.ServiceLoader} finds it if the module is on the class path, which it is in no process
 * of a farm.
 *
 * <p>No SQL text, no tensors.
 */
@NullMarked
package glimt.deploy.training;

import org.jspecify.annotations.NullMarked;
