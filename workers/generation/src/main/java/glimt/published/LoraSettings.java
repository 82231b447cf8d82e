package glimt.published;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.bundle.BundleException;
import glimt.json.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * What PEFT says of a LoRA beside its tensors: in {@code adapter_config.json}, or, as diffusers
 * keeps it since 0.35, in the header of the file, where each key begins with its network.
 *
 * @param where names the settings in errors
 * @param networks the settings by the network's name; the empty name is any network
 */
record LoraSettings(String where, Map<String, ObjectNode> networks) {
  /** The key of a header's metadata. */
  static final String METADATA = "lora_adapter_metadata";

  private static final String FILE = "adapter_config.json";
  private static final String ALPHA = "lora_alpha";
  private static final String ALPHAS = "alpha_pattern";
  private static final String BY_ROOT_OF_RANK = "use_rslora";

  /** Settings that the tensors show, or that matter for training alone. */
  private static final Set<String> OTHERS =
      Set.of(
          "r",
          "rank_pattern",
          "target_modules",
          "exclude_modules",
          "modules_to_save",
          "layers_to_transform",
          "layers_pattern",
          "peft_type",
          "peft_version",
          "task_type",
          "auto_mapping",
          "base_model_name_or_path",
          "revision",
          "inference_mode",
          "lora_dropout",
          "init_lora_weights",
          "bias",
          "megatron_core",
          "loftq_config",
          "eva_config",
          "corda_config",
          "runtime_config");

  /**
   * The settings of a file, if it has any.
   *
   * @throws BundleException naming one that is not known, and would change the arithmetic
   */
  static @Nullable LoraSettings of(Path file, Map<String, String> metadata) {
    Path beside = file.resolveSibling(FILE);
    String text = metadata.get(METADATA);
    if (text != null) {
      JsonNode said = PublishedConfig.parse("%s: %s".formatted(file, METADATA), text).json();
      Map<String, ObjectNode> networks = new TreeMap<>();
      said.properties()
          .forEach(
              entry -> {
                int dot = entry.getKey().indexOf('.');
                networks
                    .computeIfAbsent(
                        entry.getKey().substring(0, Math.max(0, dot)),
                        _ -> Json.mapper().createObjectNode())
                    .set(entry.getKey().substring(dot + 1), entry.getValue());
              });
      return new LoraSettings("%s: %s".formatted(file, METADATA), networks).checked();
    }
    if (file.endsWith("adapter_model.safetensors") && Files.exists(beside)) {
      JsonNode said = PublishedConfig.of(beside.toString(), PublishedFolder.json(beside)).json();
      return new LoraSettings(beside.toString(), Map.of("", (ObjectNode) said)).checked();
    }
    return null;
  }

  private LoraSettings checked() {
    for (ObjectNode settings : networks.values()) {
      for (Map.Entry<String, JsonNode> entry : settings.properties()) {
        JsonNode value = entry.getValue();
        boolean unset =
            value.isNull()
                || (value.isBoolean() && !value.booleanValue())
                || (value.isContainerNode() && value.isEmpty());
        boolean known =
            OTHERS.contains(entry.getKey())
                || Set.of(ALPHA, ALPHAS, BY_ROOT_OF_RANK).contains(entry.getKey());
        if (!known && !unset) {
          throw new BundleException(
              "%s: %s is %s, which is not implemented".formatted(where, entry.getKey(), value));
        }
      }
    }
    return this;
  }

  /**
   * The alpha of a module: what its change is multiplied by, times its rank.
   *
   * @param module its name in the file
   */
  double alpha(String module, long rank) {
    ObjectNode settings = networks.get("");
    for (Map.Entry<String, ObjectNode> one : networks.entrySet()) {
      if (module.startsWith(one.getKey() + ".")) {
        settings = one.getValue();
      }
    }
    if (settings == null) {
      throw new BundleException("%s say nothing of %s".formatted(where, module));
    }
    JsonNode alpha = settings.path(ALPHA);
    for (Map.Entry<String, JsonNode> one : settings.path(ALPHAS).properties()) {
      if (matches(one.getKey(), module)) {
        alpha = one.getValue();
        break;
      }
    }
    if (!alpha.isNumber()) {
      throw new BundleException("%s: %s of %s is %s".formatted(where, ALPHA, module, alpha));
    }
    boolean root = settings.path(BY_ROOT_OF_RANK).asBoolean();
    return alpha.doubleValue() * (root ? Math.sqrt((double) rank) : 1);
  }

  /** PEFT's keys are regular expressions of the ends of names. */
  private boolean matches(String key, String module) {
    try {
      return Pattern.compile("(.*\\.)?(%s)".formatted(key)).matcher(module).matches();
    } catch (PatternSyntaxException wrong) {
      throw new BundleException("%s: %s: %s".formatted(where, ALPHAS, wrong.getMessage()), wrong);
    }
  }
}
