package glimt.published;

import glimt.bundle.BundleException;
import glimt.model.Axis;
import glimt.model.BundleCard;
import glimt.model.Codec;
import glimt.model.Encoder;
import glimt.model.Expert;
import glimt.model.Kind;
import glimt.model.Level;
import glimt.model.Port;
import glimt.model.Port.Unconditional;
import glimt.model.PromptReader;
import glimt.model.SizeRule;
import java.util.ArrayList;
import java.util.List;

/**
 * Text, and a first frame, to video of Wan 2.1 and 2.2 (Wan Team 2025, arXiv:2503.20314), as
 * diffusers' {@code WanPipeline} and {@code WanImageToVideoPipeline} run it: UMT5's states of the
 * prompt, zeros behind it, steer a transformer of causal latents. The A14B models of 2.2 have two:
 * one for much noise, and one for little.
 */
final class WanVideo {
  private static final int STEPS = 50;
  private static final double GUIDANCE = 5;
  private static final int TEXT_LENGTH = 512;
  private static final int FPS = 16;

  /** What the 5B model of 2.2 makes, whose codec packs pixels four times as densely. */
  private static final int DENSE = 16;

  private static final int DENSE_FRAMES = 121;
  private static final int DENSE_HEIGHT = 704;
  private static final int DENSE_WIDTH = 1280;
  private static final int DENSE_FPS = 24;

  /** The weights of guidance that the A14B models' card gives for their two transformers. */
  private static final double GUIDANCE_NOISY = 4;

  private static final double GUIDANCE_CLEAN = 3;

  /** The weight that the card of those that begin with a picture gives for both. */
  private static final double GUIDANCE_PICTURE = 3.5;

  private static final String EXPERT = "transformer_2";

  /** What the pipeline makes unless it is told otherwise. */
  private static final int FRAMES = 81;

  private static final int HEIGHT = 480;
  private static final int WIDTH = 832;

  /** The largest that is offered. */
  private static final int MOST_FRAMES = 257;

  private static final int LONGEST = 2048;

  private static final String STATES = "last_hidden_state_masked";

  private WanVideo() {}

  static BundleCard card(PublishedFolder from, BundleDraft draft, ImportOptions options) {
    from.only(
        "scheduler",
        "text_encoder",
        "tokenizer",
        "transformer",
        EXPERT,
        "vae",
        WanFirstFrame.ENCODER,
        WanFirstFrame.PROCESSOR);
    Double boundary = from.index().number("boundary_ratio");
    if ((boundary != null) != from.has(EXPERT)) {
      throw from.index().refused("boundary_ratio", "it goes with a " + EXPERT + ", and needs one");
    }
    WanFirstFrame first = WanFirstFrame.of(from, draft);
    from.index().close();
    draft.network("text_encoder", from, "text_encoder", from.className("text_encoder"));
    draft.network("transformer", from, "transformer", first.architecture(from, "transformer"));
    PipelineParts.autoencoder(from, draft);
    PromptReader reader =
        PublishedTokenizer.t5(from, "tokenizer", draft, options.textLength(TEXT_LENGTH));
    Encoder text = new Encoder("text", "text_encoder", reader, List.of(STATES));
    PublishedConfig transformer = from.config("transformer");
    List<Integer> patch = transformer.integers("patch_size", List.of(1, 2, 2));
    PublishedConfig vae = from.config("vae");
    int spatial = vae.integer("scale_factor_spatial", 8);
    int temporal = vae.integer("scale_factor_temporal", 4);
    boolean dense = spatial == DENSE;
    int frames = dense ? DENSE_FRAMES : FRAMES;
    List<Axis> axes =
        List.of(
            axis("frames", (frames - 1) / temporal + 1, patch.get(0), MOST_FRAMES / temporal + 1),
            axis(
                "height",
                (dense ? DENSE_HEIGHT : HEIGHT) / spatial,
                patch.get(1),
                LONGEST / spatial),
            axis(
                "width", (dense ? DENSE_WIDTH : WIDTH) / spatial, patch.get(2), LONGEST / spatial));
    Port port =
        new Port(
            StableDiffusion.TEXT,
            Port.PortSource.ENCODER,
            text.name(),
            STATES,
            Unconditional.NEGATIVE_PROMPT);
    List<Port> ports = new ArrayList<>(List.of(port));
    ports.addAll(first.ports());
    double guidance =
        boundary == null ? GUIDANCE : first.needed() ? GUIDANCE_PICTURE : GUIDANCE_NOISY;
    Level level =
        PipelineParts.level(
                from,
                "transformer",
                axes,
                vae.integer("z_dim", 16),
                ports,
                codec(vae, axes, List.of(temporal, spatial, spatial)),
                PipelineParts.sampling(from, STEPS, guidance))
            .beginning(first.frame());
    first.checkChannels(transformer, vae);
    if (boundary != null) {
      draft.network(EXPERT, from, EXPERT, first.architecture(from, EXPERT));
      Double clean = first.needed() ? null : (Double) GUIDANCE_CLEAN;
      level = level.with(new Expert(EXPERT, boundary * length(from), clean));
    }
    return PipelineParts.card(
        from, options, Kind.VIDEO, dense ? DENSE_FPS : FPS, List.of(text), level);
  }

  /** The number of timesteps that the scheduler counts. */
  private static double length(PublishedFolder from) {
    return from.scheduler("scheduler").get("num_train_timesteps") instanceof Number number
        ? number.doubleValue()
        : 1000;
  }

  /** An axis in one piece whose extents are whole patches. */
  private static Axis axis(String name, int extent, int patch, int most) {
    int usual = extent / patch * patch;
    return new Axis(
        name, usual, usual, usual, 0, new SizeRule(patch, most / patch * patch, patch, 0));
  }

  /** Latents are normalised by channel; the first of their frames stands for one alone. */
  private static Codec codec(PublishedConfig vae, List<Axis> axes, List<Integer> factors) {
    int channels = vae.integer("z_dim", 16);
    List<Double> means = vae.numbers("latents_mean", WanAutoencoder.MEANS);
    List<Double> deviations = vae.numbers("latents_std", WanAutoencoder.DEVIATIONS);
    if (means.size() != channels || deviations.size() != channels) {
      throw new BundleException(
          "%s gives %s latents_mean and %s latents_std for %s channels"
              .formatted(vae.file(), means.size(), deviations.size(), channels));
    }
    int patch = vae.integer("patch_size", 1);
    List<Double> scales = new ArrayList<>();
    deviations.forEach(deviation -> scales.add(1 / deviation));
    return new Codec(
            "vae",
            LatentTiles.of(axes, factors),
            factors,
            List.of(true, false, false),
            vae.integer("out_channels", 3) / (patch * patch),
            scales,
            means)
        .with(PipelineParts.MEAN);
  }
}
