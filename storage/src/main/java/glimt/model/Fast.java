package glimt.model;

/**
 * A second network of a level, distilled to need few steps.
 *
 * @param network the stem of its weights, {@code network.safetensors}; it shares the level's source
 * @param sampling the sampling it was trained for, with guidance already built in
 */
public record Fast(String network, Sampling sampling) {}
