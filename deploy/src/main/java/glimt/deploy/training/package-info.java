/**
 * The commands {@code train} and {@code eval} meet the module that does what they say. This is the
 * only package that refers to it, and no other package refers to this one: {@link
 * java.util.ServiceLoader} finds it where it is on the class path, which is in no process of a
 * farm.
 *
 * <p>No SQL text, no tensors.
 */
@NullMarked
package glimt.deploy.training;

import org.jspecify.annotations.NullMarked;
