package glimt.job;

/**
 * A trajectory's whole state between two steps.
 *
 * @param state the artifact that holds it
 * @param step how many steps are done
 * @param numericClass where its bits hold; another class must not resume it
 */
public record Checkpoint(ArtifactId state, int step, String numericClass) {}
