package glimt.published;

import glimt.model.Axis;
import glimt.model.BundleCard;
import glimt.model.Encoder;
import glimt.model.Kind;
import glimt.model.Port;
import glimt.model.Port.Unconditional;
import glimt.model.PromptReader;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Stable Diffusion XL (Podell et al. 2023), as diffusers' {@code StableDiffusionXLPipeline} runs it
 * without a refiner: the states of two text encoders side by side, the pooled vector of the second,
 * and the picture's sizes. An absent negative prompt is zeros where the pipeline says so.
 */
final class StableDiffusionXl {
  private static final int STEPS = 50;
  private static final double GUIDANCE = 5;
  private static final int PIXELS = 1024;

  /** What leaves the last layer but one. */
  private static final String STATES = "hidden_states_minus_2";

  private static final String POOLED = "text_embeds";

  private StableDiffusionXl() {}

  static BundleCard card(PublishedFolder from, BundleDraft draft, ImportOptions options) {
    from.only(
        "scheduler", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "unet", "vae");
    Unconditional otherwise =
        from.index().flag("force_zeros_for_empty_prompt", true)
            ? Unconditional.NEGATIVE_PROMPT_OR_ZEROS
            : Unconditional.NEGATIVE_PROMPT;
    from.index().close();
    // Layers are skipped of the prompt alone.
    String states = "hidden_states_minus_" + (options.clipSkip() + 2);
    Set<String> outputs = new LinkedHashSet<>(List.of(states, STATES));
    Encoder first = encoder("text", from, draft, "", outputs);
    outputs.add(POOLED);
    Encoder second = encoder("text_2", from, draft, "_2", outputs);
    PublishedConfig unet = from.config("unet");
    draft.network("unet", from, "unet", PipelineParts.unet(from, unet));
    PipelineParts.autoencoder(from, draft);
    List<Axis> axes = PipelineParts.sides(from, unet, PIXELS);
    return PipelineParts.card(
        from,
        options,
        Kind.IMAGE,
        0,
        List.of(first, second),
        PipelineParts.level(
            from,
            "unet",
            axes,
            unet.integer("in_channels", 4),
            PipelineParts.ports(
                unet,
                port(StableDiffusion.TEXT, first, states, otherwise, STATES),
                port(StableDiffusion.TEXT, second, states, otherwise, STATES),
                port(POOLED, second, POOLED, otherwise, POOLED),
                Port.sizes("time_ids")),
            PipelineParts.normalised(from, "vae", axes).with(PipelineParts.DRAWN),
            PipelineParts.sampling(from, unet, STEPS, GUIDANCE)));
  }

  private static Encoder encoder(
      String name, PublishedFolder from, BundleDraft draft, String end, Set<String> outputs) {
    String component = "text_encoder" + end;
    draft.network(component, from, component, from.className(component));
    int length = from.config(component).integer("max_position_embeddings", 77);
    PromptReader reader = PublishedTokenizer.clip(from, "tokenizer" + end, draft, length);
    return new Encoder(name, component, reader, List.copyOf(outputs));
  }

  private static Port port(
      String name, Encoder encoder, String output, Unconditional otherwise, String other) {
    return new Port(name, Port.PortSource.ENCODER, encoder.name(), output, otherwise, other);
  }
}
