package glimt.training.learning;

/**
 * One thing that a classifier decides.
 *
 * @param name of the number of classes, which the source may name as a size
 */
public record ClassifierHead(String name, int classes) {}
