/**
 * How good a trained bundle is. What a {@link glimt.training.evaluation.Material} shows and how it
 * is judged differs from dataset to dataset; how its results are made does not.
 *
 * <p>No actors, no SQL, no HTTP.
 */
@NullMarked
package glimt.training.evaluation;

import org.jspecify.annotations.NullMarked;
