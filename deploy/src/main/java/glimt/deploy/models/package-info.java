/**
 * Measures speed and memory of models of published sizes, with random weights.
 *
 * <p>No SQL text, no tensors.
 */
@NullMarked
package glimt.deploy.models;

import org.jspecify.annotations.NullMarked;
