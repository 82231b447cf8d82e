package glimt.deploy.models;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * A published pipeline's folder: texts, and networks of which only the shapes are known.
 *
 * @param texts the texts of small files by their paths
 * @param networks the shapes of weights by the paths of their files
 */
record ModelFolder(Map<String, String> texts, Map<String, TensorShapes> networks) {

  /** How many parameters the networks have. */
  long parameters() {
    return networks.values().stream().mapToLong(TensorShapes::parameters).sum();
  }

  /** The bytes of all weights, of two bytes each. */
  long bytes() {
    return 2 * parameters();
  }

  /** Writes it with random weights. */
  void write(Path folder, RandomWeights weights) throws IOException {
    for (Map.Entry<String, String> text : texts.entrySet()) {
      Path file = folder.resolve(text.getKey());
      Files.createDirectories(Objects.requireNonNull(file.getParent()));
      Files.writeString(file, text.getValue());
    }
    for (Map.Entry<String, TensorShapes> network : networks.entrySet()) {
      weights.write(folder.resolve(network.getKey()), network.getValue().all());
    }
  }

  /** Collects the files of a folder. */
  static final class FolderPlan {
    private final Map<String, String> texts = new LinkedHashMap<>();
    private final Map<String, TensorShapes> networks = new LinkedHashMap<>();

    FolderPlan text(String path, String text) {
      texts.put(path, text);
      return this;
    }

    /** A network of diffusers or, if its file is {@code model}, of transformers. */
    FolderPlan network(String component, String file, String config, TensorShapes shapes) {
      texts.put(component + "/config.json", config);
      networks.put("%s/%s.safetensors".formatted(component, file), shapes);
      return this;
    }

    ModelFolder folder() {
      return new ModelFolder(texts, networks);
    }
  }
}
