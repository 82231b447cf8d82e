package glimt.published;

import glimt.bundle.BundleException;
import glimt.bundle.Safetensors;
import glimt.model.Axis;
import glimt.model.BundleCard;
import glimt.model.Codec;
import glimt.model.Encoder;
import glimt.model.FirstFrame;
import glimt.model.Kind;
import glimt.model.Port;
import glimt.model.Port.Unconditional;
import glimt.model.PromptReader;
import glimt.model.Schedule.FlowTimes;
import glimt.model.SizeRule;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Text, and a first frame, to video of LTX-Video (HaCohen et al. 2024, arXiv:2501.00103), as
 * diffusers' {@code LTXPipeline}, {@code LTXImageToVideoPipeline} and, with no other conditions,
 * {@code LTXConditionPipeline} run it in one stage: T5's states of the prompt steer a transformer
 * of latents, which is told where each of them lies.
 */
final class LtxVideo {
  private static final int STEPS = 50;
  private static final double GUIDANCE = 3;
  private static final int FPS = 25;

  /** What the pipelines make unless they are told otherwise. */
  private static final int FRAMES = 161;

  private static final int HEIGHT = 512;
  private static final int WIDTH = 704;

  /** The largest that is offered. */
  private static final int MOST_FRAMES = 257;

  private static final int LONGEST = 2048;

  /** What the model cards of 0.9.1 and later recommend for decoders that take noise away. */
  private static final Codec.Noising NOISING = new Codec.Noising(0.025, 0.05);

  private static final String STATES = "last_hidden_state";
  private static final String MASK = "mask";

  /**
   * What the two pipelines do differently.
   *
   * @param textEncoder which form of the text encoder
   * @param textLength how many tokens of a prompt they read
   * @param times that they give their scheduler
   * @param cut whether the first frame, which stands for itself alone, is where time begins; else
   *     it counts as much as the others
   * @param still the noise of a given first frame, as {@link FirstFrame.HeldFrame} has it
   */
  private record Manner(
      String textEncoder, int textLength, FlowTimes times, boolean cut, double still) {}

  private static final Manner ONE_STAGE = new Manner(".padded", 128, FlowTimes.LINEAR, false, 0);
  private static final Manner CONDITION =
      new Manner("", 256, FlowTimes.LINEAR_QUADRATIC, true, 0.15);

  /** A position of the latent is a token. */
  private static final List<Integer> TOKEN = List.of(1, 1, 1);

  private LtxVideo() {}

  /** Of {@code LTXPipeline} and {@code LTXImageToVideoPipeline}. */
  static BundleCard card(PublishedFolder from, BundleDraft draft, ImportOptions options) {
    return card(from, draft, options, ONE_STAGE);
  }

  /** Of {@code LTXConditionPipeline}. */
  static BundleCard condition(PublishedFolder from, BundleDraft draft, ImportOptions options) {
    return card(from, draft, options, CONDITION);
  }

  private static BundleCard card(
      PublishedFolder from, BundleDraft draft, ImportOptions options, Manner manner) {
    from.only("scheduler", "text_encoder", "tokenizer", "transformer", "vae");
    from.index().close();
    draft.network(
        "text_encoder",
        from,
        "text_encoder",
        from.className("text_encoder") + manner.textEncoder());
    draft.network("transformer", from, "transformer", from.className("transformer"));
    PipelineParts.autoencoder(from, draft);
    PromptReader reader =
        PublishedTokenizer.t5(from, "tokenizer", draft, options.textLength(manner.textLength()));
    Encoder text = new Encoder("text", "text_encoder", reader, List.of(STATES, MASK));
    PublishedConfig transformer = from.config("transformer");
    transformer.only("patch_size", 1); // a position of the latent is a token
    transformer.only("patch_size_t", 1);
    PublishedConfig vae = from.config("vae");
    int spatial = compression(vae, "spatial_compression_ratio", vae.integer("patch_size", 4));
    int temporal = compression(vae, "temporal_compression_ratio", vae.integer("patch_size_t", 1));
    List<Axis> axes =
        List.of(
            axis("frames", (FRAMES - 1) / temporal + 1, (MOST_FRAMES - 1) / temporal + 1),
            axis("height", HEIGHT / spatial, LONGEST / spatial),
            axis("width", WIDTH / spatial, LONGEST / spatial));
    double second = 1.0 / FPS;
    Port.Places places =
        new Port.Places(
            List.of(temporal * second, (double) spatial, (double) spatial),
            List.of(manner.cut() ? (1 - temporal) * second : 0, 0.0, 0.0));
    return PipelineParts.card(
        from,
        options,
        Kind.VIDEO,
        FPS,
        List.of(text),
        PipelineParts.level(
                from,
                "transformer",
                axes,
                transformer.integer("in_channels", 128),
                List.of(
                    port("encoder_hidden_states", text, STATES),
                    port("encoder_attention_mask", text, MASK),
                    Port.places("video_coords", places)),
                codec(from, vae, axes, List.of(temporal, spatial, spatial)),
                PipelineParts.sampling(from, STEPS, GUIDANCE, manner.times()))
            .beginning(new FirstFrame(new FirstFrame.HeldFrame(TOKEN, manner.still()), null)));
  }

  private static Port port(String name, Encoder text, String output) {
    return new Port(
        name, Port.PortSource.ENCODER, text.name(), output, Unconditional.NEGATIVE_PROMPT);
  }

  private static Axis axis(String name, int extent, int most) {
    return new Axis(name, extent, extent, extent, 0, new SizeRule(1, most, 1, 0));
  }

  /** How much smaller latents are along an axis: by the patch, and by half in each such block. */
  private static int compression(PublishedConfig vae, String key, int patch) {
    Integer said = vae.integer(key);
    long halved =
        vae.flags("spatio_temporal_scaling", LtxAutoencoder.SCALING).stream()
            .filter(halves -> halves)
            .count();
    return said == null ? patch << halved : said;
  }

  /** Latents are normalised by tensors of the autoencoder's file; without them they are not. */
  private static Codec codec(
      PublishedFolder from, PublishedConfig vae, List<Axis> axes, List<Integer> factors) {
    int channels = vae.integer("latent_channels", 128);
    Safetensors weights = from.weights("vae").map();
    List<Double> means = values(weights, "latents_mean", channels, 0);
    double scaling = vae.number("scaling_factor", 1);
    List<Double> scales = new ArrayList<>();
    values(weights, "latents_std", channels, 1)
        .forEach(deviation -> scales.add(scaling / deviation));
    return new Codec(
            "vae",
            axes,
            factors,
            List.of(true, false, false),
            vae.integer("out_channels", 3),
            scales,
            means,
            vae.flag("timestep_conditioning", false) ? NOISING : null,
            PipelineParts.DRAWN)
        .drawing(LtxDecoder.planes(vae));
  }

  private static List<Double> values(
      Safetensors weights, String name, int channels, double otherwise) {
    if (!weights.tensors().containsKey(name)) {
      return Collections.nCopies(channels, otherwise);
    }
    List<Double> values = new ArrayList<>();
    for (float value : weights.get(name).floats()) {
      values.add((double) value);
    }
    if (values.size() != channels) {
      throw new BundleException(
          "the autoencoder's %s has %s values for %s channels"
              .formatted(name, values.size(), channels));
    }
    return values;
  }
}
