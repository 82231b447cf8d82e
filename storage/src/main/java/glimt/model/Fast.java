package glimt.model;

/**
 * A second network of a level that walks in few steps.
 *
 * @param network the stem of its weights, {@code network.safetensors}; its source is the level's
 * @param sampling the walk it was taught, guidance folded in
 */
public record Fast(String network, Sampling sampling) {}
