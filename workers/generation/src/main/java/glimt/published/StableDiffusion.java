package glimt.published;

import glimt.model.Axis;
import glimt.model.BundleCard;
import glimt.model.Encoder;
import glimt.model.Kind;
import glimt.model.Port;
import glimt.model.Port.Unconditional;
import glimt.model.PromptReader;
import java.util.List;

/**
 * Stable Diffusion 1 and 2 (Rombach et al. 2022), as diffusers' {@code StableDiffusionPipeline}
 * runs it: CLIP's states of the prompt steer a U-Net of latents. Without conditions it is told the
 * negative prompt, which is empty unless a job says otherwise.
 */
final class StableDiffusion {
  /** What the pipeline does unless it is told otherwise. */
  private static final int STEPS = 50;

  private static final double GUIDANCE = 7.5;
  private static final int PIXELS = 512;

  /** Latent consistency models (Luo et al. 2023), and what their pipeline does. */
  private static final String CONSISTENT = "LatentConsistencyModelPipeline";

  private static final int CONSISTENT_STEPS = 4;
  private static final double CONSISTENT_GUIDANCE = 8.5;

  /** The port of every text-conditioned network of diffusers. */
  static final String TEXT = "encoder_hidden_states";

  private static final String LAST = "last_hidden_state";

  private StableDiffusion() {}

  static BundleCard card(PublishedFolder from, BundleDraft draft, ImportOptions options) {
    from.only("scheduler", "text_encoder", "tokenizer", "unet", "vae");
    from.index().ignore("requires_safety_checker"); // it changes no picture
    from.index().close();
    Encoder text = text(from, draft, options);
    PublishedConfig unet = from.config("unet");
    draft.network("unet", from, "unet", PipelineParts.unet(from, unet));
    PipelineParts.autoencoder(from, draft);
    boolean consistent = from.className().equals(CONSISTENT);
    List<Axis> axes = PipelineParts.sides(from, unet, PIXELS);
    return PipelineParts.card(
        from,
        options,
        Kind.IMAGE,
        0,
        List.of(text),
        PipelineParts.level(
            from,
            "unet",
            axes,
            unet.integer("in_channels", 4),
            PipelineParts.ports(unet, port(text)),
            PipelineParts.codec(from, "vae", axes).with(PipelineParts.DRAWN),
            consistent
                ? PipelineParts.sampling(from, unet, CONSISTENT_STEPS, CONSISTENT_GUIDANCE)
                : PipelineParts.sampling(from, unet, STEPS, GUIDANCE)));
  }

  /** The text encoder, whose last states are read, or those of a layer before. */
  static Encoder text(PublishedFolder from, BundleDraft draft, ImportOptions options) {
    draft.network("text_encoder", from, "text_encoder", from.className("text_encoder"));
    int length = from.config("text_encoder").integer("max_position_embeddings", 77);
    PromptReader reader = PublishedTokenizer.clip(from, "tokenizer", draft, length);
    List<String> states =
        options.clipSkip() == 0
            ? List.of(LAST)
            : List.of("final_layer_norm_of_hidden_states_minus_" + (options.clipSkip() + 1), LAST);
    return new Encoder("text", "text_encoder", reader, states);
  }

  /** Layers are skipped of the prompt alone: the negative one is read by all of them. */
  static Port port(Encoder text) {
    return new Port(
        TEXT,
        Port.PortSource.ENCODER,
        text.name(),
        text.outputs().getFirst(),
        Unconditional.NEGATIVE_PROMPT,
        LAST);
  }
}
