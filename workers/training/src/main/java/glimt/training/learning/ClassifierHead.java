package glimt.training.learning;

/**
 * An output of a classifier that selects one of several classes.
 *
 * @param name the name of the head, by which the network's source refers to its number of classes
 * @param classes the number of classes
 */
public record ClassifierHead(String name, int classes) {}
