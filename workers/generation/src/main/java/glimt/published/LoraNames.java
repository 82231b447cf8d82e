package glimt.published;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * What files of LoRA call the modules of a network: PEFT, diffusers, kohya and ComfyUI each by
 * names of their own, and each by diffusers' module names or by those of the network's authors.
 */
final class LoraNames {
  private static final String UNET = "unet";
  private static final String TRANSFORMER = "transformer";

  private final String component;
  private final UnaryOperator<String> original;

  /**
   * @param component such as {@code unet} or {@code text_encoder}
   * @param tensors of the network, under diffusers' names
   */
  LoraNames(String component, Set<String> tensors) {
    this.component = component;
    original =
        switch (component) {
          case UNET -> new LdmUnetNames(tensors)::of;
          case TRANSFORMER -> WanNames::original;
          default -> UnaryOperator.identity();
        };
  }

  /** All names of a module. */
  List<String> of(String module) {
    return switch (component) {
      case UNET, TRANSFORMER -> {
        List<String> names = new ArrayList<>();
        for (String name : Stream.of(module, original.apply(module)).distinct().toList()) {
          names.add(component + "." + name);
          names.add("base_model.model." + name);
          names.add("diffusion_model." + name);
          names.add(name);
          names.add("lora_unet_" + flat(name)); // kohya calls either so
        }
        yield names;
      }
      case "text_encoder" ->
          List.of("text_encoder." + module, "lora_te_" + flat(module), "lora_te1_" + flat(module));
      case "text_encoder_2" -> List.of("text_encoder_2." + module, "lora_te2_" + flat(module));
      default -> List.of(component + "." + module);
    };
  }

  private static String flat(String module) {
    return module.replace('.', '_');
  }
}
