/**
 * Measures the quality of trained bundles. {@link glimt.training.evaluation.Material} and {@link
 * glimt.training.evaluation.Assessor} are specific to a dataset; the generation of samples is
 * common to all.
 *
 * <p>No actors, no SQL, no HTTP.
 */
@NullMarked
package glimt.training.evaluation;

import org.jspecify.annotations.NullMarked;
