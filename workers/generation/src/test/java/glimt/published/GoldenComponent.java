package glimt.published;

import ai.djl.Device;
import com.fasterxml.jackson.databind.JsonNode;
import glimt.bundle.Network;
import glimt.bundle.NetworkSource;
import glimt.bundle.NetworkSource.ModuleClass;
import glimt.bundle.Origin;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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
        name, PublishedConfig.of(place.toString(), config), PublishedWeights.file(place).map());
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
    PublishedNetwork network = written(architecture);
    return load(network.source(), network.weights(name, weights));
  }

  /**
   * Loads one module of the network, which is then fed at port {@code x}. It is called as the
   * network calls it.
   *
   * @param path its published name
   * @param frames how many rows of its input are one clip
   */
  Network module(String path, int frames) {
    PublishedNetwork network = written(config.className());
    NetworkSource whole = NetworkSource.parse(name, network.source());
    String inside = path.replaceAll("(^|\\.)(\\d)", "$1_$2");
    ModuleClass type = whole.root();
    for (String attribute : inside.split("\\.", -1)) {
      type =
          type.attributes().stream()
              .filter(one -> one.name().equals(attribute))
              .map(one -> whole.moduleClass(one.type()))
              .findFirst()
              .orElseThrow();
    }
    String called = inside.replaceFirst(".*\\.(\\w+\\._\\d+)$", "$1");
    Matcher call =
        Pattern.compile(Pattern.quote("self." + called + ".forward(") + "(.*)\\)")
            .matcher(network.source());
    if (!call.find()) {
      throw new IllegalStateException("nothing calls " + path);
    }
    String source =
        """
        %s
        class Network(Module):
          part : %s

          def forward(self, x: Tensor) -> Tensor:
            z = x
            frames = %s
            return self.part.forward(%s)
        """
            .formatted(
                network.source().replace("class Network(", "class Whole("),
                type.name(),
                frames,
                call.group(1));
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (String tensor : NetworkSource.parse(name, source).tensors().keySet()) {
      Origin origin = network.origin(tensor.replaceFirst("part", inside));
      tensors.put(tensor, origin.of(weights.get(origin.tensor())));
    }
    return load(source, new Safetensors(tensors));
  }

  private PublishedNetwork written(String architecture) {
    try (config) {
      return Architectures.of(architecture, config, weights.tensors().keySet());
    }
  }

  private Network load(String source, Safetensors tensors) {
    return Network.load(
        name, NetworkSource.parse(name + ".py", source), tensors, Precision.FLOAT32, Device.cpu());
  }
}
