package glimt.published;

import ai.djl.Device;
import com.fasterxml.jackson.databind.JsonNode;
import glimt.bundle.Network;
import glimt.bundle.NetworkSource;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * One of a case's networks: a folder with {@code config.json}, or a file of weights alone whose
 * configuration stands in the case's facts.
 */
record GoldenComponent(String name, PublishedConfig config, Safetensors weights) {

  static GoldenComponent of(GoldenCase golden, String name) {
    Path place = golden.folder().resolve(name);
    if (Files.isDirectory(place)) {
      Path config = place.resolve("config.json");
      return new GoldenComponent(
          name,
          PublishedConfig.of(config.toString(), GoldenCase.json(config)),
          PublishedWeights.in(place, "").map());
    }
    JsonNode config = golden.facts().path("components").path(name).path("model_config");
    return new GoldenComponent(
        name,
        PublishedConfig.of(place.toString(), config),
        PublishedWeights.file(place).map());
  }

  /** Whether it denoises points. */
  boolean isOfClouds() {
    return config.className().endsWith("PointDiffusionTransformer");
  }

  /**
   * Loads the network in 32 bits.
   *
   * @param architecture the class of its configuration, or a part of it
   */
  Network network(String architecture) {
    try (config) {
      PublishedNetwork network =
          Architectures.of(architecture, config, weights.tensors().keySet());
      return Network.load(
          name,
          NetworkSource.parse(name + ".py", network.source()),
          network.weights(name, weights),
          Precision.FLOAT32,
          Device.cpu());
    }
  }
}
