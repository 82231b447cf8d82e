/**
 * Measures the quality of trained bundles. {@link glimt.training.evaluation.Material} and {@link
 * glimt.training.evaluation.Assessor} are specific to a dataset; the generation of samples is
 * common to all.
 *
 * <p>This package uses no actors, SQL or HTTP.
 */
@NullMarked
package glimt.training.evaluation;

import org.jspecify.annotations.NullMarked;
