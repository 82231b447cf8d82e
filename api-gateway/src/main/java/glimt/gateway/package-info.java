/**
 * What the world sees: routes, JSON, problems, watching.
 *
 * <p>No SQL text, no tensors.
 */
@NullMarked
package glimt.gateway;

import org.jspecify.annotations.NullMarked;
