package glimt.published;

import glimt.model.Axis;
import glimt.model.BundleCard;
import glimt.model.Encoder;
import glimt.model.Kind;
import glimt.model.Port;
import glimt.model.Port.Unconditional;
import glimt.model.PromptReader;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Stable Diffusion XL (Podell et al. 2023), as diffusers' {@code StableDiffusionXLPipeline} runs
 * it: the states of two text encoders side by side, the pooled vector of the second, and the
 * picture's sizes. An absent negative prompt is zeros where the pipeline says so. Its refiner, a
 * {@code StableDiffusionXLImg2ImgPipeline}, has the second encoder only, and is told how well
 * people like a picture instead of its shown size.
 */
final class StableDiffusionXl {
  /** The class of pipelines that begin with a picture, such as the refiner. */
  static final String PICTURES = "StableDiffusionXLImg2ImgPipeline";

  private static final int STEPS = 50;
  private static final double GUIDANCE = 5;
  private static final int PIXELS = 1024;

  /** Values of a pooled text, where its encoder's configuration does not say. */
  private static final int PROJECTION = 512;

  /** What leaves the last layer but one. */
  private static final String STATES = "hidden_states_minus_2";

  private static final String POOLED = "text_embeds";
  private static final String FIRST = "text_encoder";
  private static final String SECOND = "text_encoder_2";
  private static final String SIZES = "time_ids";

  private StableDiffusionXl() {}

  static BundleCard card(PublishedFolder from, BundleDraft draft, ImportOptions options) {
    from.only(
        "scheduler", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "unet", "vae");
    Unconditional otherwise =
        from.index().flag("force_zeros_for_empty_prompt", true)
            ? Unconditional.NEGATIVE_PROMPT_OR_ZEROS
            : Unconditional.NEGATIVE_PROMPT;
    boolean scored =
        from.className().equals(PICTURES) && from.index().flag("requires_aesthetics_score", false);
    from.index().ignore("add_watermarker"); // glimt marks what it makes in its own way
    from.index().close();
    // Layers are skipped of the prompt alone.
    String states = "hidden_states_minus_" + (options.clipSkip() + 2);
    Set<String> outputs = new LinkedHashSet<>(List.of(states, STATES));
    List<Encoder> encoders = new ArrayList<>();
    if (from.has(FIRST)) {
      encoders.add(encoder("text", from, draft, "", outputs));
    }
    outputs.add(POOLED);
    Encoder second = encoder("text_2", from, draft, "_2", outputs);
    encoders.add(second);
    PublishedConfig unet = from.config("unet");
    Port sizes = scored ? Port.scoredSizes(SIZES) : Port.sizes(SIZES);
    mustFit(unet, from.config(SECOND), scored ? 5 : 6);
    draft.network("unet", from, "unet", PipelineParts.unet(from, unet));
    PipelineParts.autoencoder(from, draft);
    List<Axis> axes = PipelineParts.sides(from, unet, PIXELS);
    List<Port> ports = new ArrayList<>();
    for (Encoder encoder : encoders) {
      ports.add(port(StableDiffusion.TEXT, encoder, states, otherwise, STATES));
    }
    ports.add(port(POOLED, second, POOLED, otherwise, POOLED));
    ports.add(sizes);
    return PipelineParts.card(
        from,
        options,
        Kind.IMAGE,
        0,
        encoders,
        PipelineParts.level(
            from,
            "unet",
            axes,
            unet.integer("in_channels", 4),
            PipelineParts.ports(unet, ports.toArray(Port[]::new)),
            PipelineParts.normalised(from, "vae", axes).with(PipelineParts.DRAWN),
            PipelineParts.sampling(from, unet, STEPS, GUIDANCE)));
  }

  /** Refuses a U-Net that is told more or fewer numbers than the pipeline says. */
  private static void mustFit(PublishedConfig unet, PublishedConfig text, int numbers) {
    Integer said = unet.integer("projection_class_embeddings_input_dim");
    Integer each = unet.integer("addition_time_embed_dim");
    if (said == null || each == null) {
      return; // its own configuration is refused, with what it lacks
    }
    int pooled = text.integer("projection_dim", PROJECTION);
    if (said != pooled + numbers * each) {
      throw unet.refused(
          "projection_class_embeddings_input_dim",
          "it must be %s: a pooled text of %s, and %s of each of the %s numbers of %s; requires_aesthetics_score of the pipeline says if they are 5 or 6"
              .formatted(pooled + numbers * each, pooled, each, numbers, SIZES));
    }
  }

  private static Encoder encoder(
      String name, PublishedFolder from, BundleDraft draft, String end, Set<String> outputs) {
    String component = FIRST + end;
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
