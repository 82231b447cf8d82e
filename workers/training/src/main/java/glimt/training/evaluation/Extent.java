package glimt.training.evaluation;

/**
 * The numbers of samples in the evaluation of a bundle.
 *
 * @param first the number of samples of the first level alone
 * @param enlarged the number of real samples that each upper level enlarges
 * @param whole the number of complete samples
 */
public record Extent(int first, int enlarged, int whole) {}
