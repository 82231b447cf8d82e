package glimt.published;

import glimt.model.Axis;
import glimt.model.BundleCard;
import glimt.model.Codec;
import glimt.model.Encoder;
import glimt.model.Kind;
import glimt.model.Port;
import glimt.model.PromptReader;
import glimt.model.SizeRule;
import java.util.List;

/**
 * Text to video with Wan 2.1 and the 5B model of 2.2 (Wan Team 2025, arXiv:2503.20314), as
 * diffusers' {@code WanPipeline} runs them: UMT5 reads the prompt, a transformer denoises a clip of
 * latents in one piece, and a causal codec decodes it.
 */
final class Wan {
  /** What the pipeline does unless it is told otherwise. */
  private static final int STEPS = 50;

  private static final double GUIDANCE = 5;
  private static final int TEXT_LENGTH = 512;
  private static final int FRAMES = 81;
  private static final int HEIGHT = 480;
  private static final int WIDTH = 832;
  private static final int FPS = 16;

  private static final String STATES = "last_hidden_state_masked";

  private static final int MOST_FRAMES = 321;
  private static final int LONGEST = 1536;

  private Wan() {}

  static BundleCard card(PublishedFolder from, BundleDraft draft, ImportOptions options) {
    // The larger models of 2.2 have two transformers, one for high noise and one for low.
    from.only("scheduler", "text_encoder", "tokenizer", "transformer", "vae");
    from.index().only("boundary_ratio", null);
    from.index().ignore("expand_timesteps"); // without a first image they are all the same
    from.index().close();
    Encoder text = text(from, draft, options);
    draft.network("transformer", from, "transformer", from.className("transformer"));
    draft.network("vae", from, "vae", from.className("vae") + ".decode");
    PublishedConfig transformer = from.config("transformer");
    PublishedConfig vae = from.config("vae");
    List<Integer> patch = transformer.integers("patch_size", List.of(1, 2, 2));
    int slower = vae.integer("scale_factor_temporal", 4);
    int smaller = vae.integer("scale_factor_spatial", 8);
    List<Axis> axes =
        List.of(
            axis("frames", 1 + (FRAMES - 1) / slower, 1 + (MOST_FRAMES - 1) / slower, patch.get(0)),
            axis("height", HEIGHT / smaller, LONGEST / smaller, patch.get(1)),
            axis("width", WIDTH / smaller, LONGEST / smaller, patch.get(2)));
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
            transformer.integer("in_channels", 16),
            List.of(
                new Port(
                    StableDiffusion.TEXT,
                    Port.Feed.ENCODER,
                    text.name(),
                    STATES,
                    Port.Unconditional.NEGATIVE_PROMPT)),
            codec(vae, axes, slower, smaller),
            PipelineParts.sampling(from, STEPS, GUIDANCE)));
  }

  /** The transformer hears zeros for padding, and hears them: it was trained so. */
  private static Encoder text(PublishedFolder from, BundleDraft draft, ImportOptions options) {
    draft.network("text_encoder", from, "text_encoder", from.className("text_encoder"));
    PromptReader reader =
        PublishedTokenizer.t5(from, "tokenizer", draft, options.textLength(TEXT_LENGTH));
    return new Encoder("text", "text_encoder", reader, List.of(STATES));
  }

  /** An axis in one piece, of whole patches. */
  private static Axis axis(String name, int usual, int most, int patch) {
    int extent = usual / patch * patch;
    return new Axis(
        name, extent, extent, extent, 0, new SizeRule(patch, most / patch * patch, patch, 0));
  }

  private static Codec codec(PublishedConfig vae, List<Axis> axes, int slower, int smaller) {
    int channels = vae.integer("z_dim", 16);
    List<Double> means = vae.numbers("latents_mean", WanAutoencoder.MEANS);
    List<Double> deviations = vae.numbers("latents_std", WanAutoencoder.DEVIATIONS);
    if (means.size() != channels || deviations.size() != channels) {
      throw vae.refused("latents_mean", "it and latents_std must have z_dim numbers");
    }
    int patch = vae.integer("patch_size", 1);
    return new Codec(
        "vae",
        axes,
        List.of(slower, smaller, smaller),
        List.of(true, false, false),
        vae.integer("out_channels", 3) / (patch * patch),
        deviations.stream().map(one -> 1 / one).toList(),
        means);
  }
}
