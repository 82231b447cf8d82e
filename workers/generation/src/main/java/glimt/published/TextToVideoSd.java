package glimt.published;

import glimt.model.Axis;
import glimt.model.BundleCard;
import glimt.model.Codec;
import glimt.model.Encoder;
import glimt.model.Kind;
import glimt.model.SizeRule;
import java.util.List;

/**
 * ModelScope's text-to-video and Zeroscope (Wang et al. 2023), as diffusers' {@code
 * TextToVideoSDPipeline} runs them: a U-Net of clips of latents, each frame of which is decoded as
 * a picture.
 */
final class TextToVideoSd {
  private static final int STEPS = 50;
  private static final double GUIDANCE = 9;
  private static final int FRAMES = 16;
  private static final int MOST_FRAMES = 256;
  private static final int FPS = 8;
  private static final int PIXELS = 256;

  /** How many frames one decode task turns into pictures. */
  private static final int DECODED_TOGETHER = 8;

  private TextToVideoSd() {}

  static BundleCard card(PublishedFolder from, BundleDraft draft, ImportOptions options) {
    from.only("scheduler", "text_encoder", "tokenizer", "unet", "vae");
    from.index().close();
    Encoder text = StableDiffusion.text(from, draft, options);
    draft.network("unet", from, "unet", from.className("unet"));
    PipelineParts.autoencoder(from, draft);
    PublishedConfig unet = from.config("unet");
    List<Axis> sides = PipelineParts.sides(from, unet, PIXELS);
    SizeRule lengths = new SizeRule(1, MOST_FRAMES, 1, 0);
    Axis frames = new Axis("frames", FRAMES, FRAMES, FRAMES, 0, lengths);
    Axis slices = new Axis("frames", FRAMES, DECODED_TOGETHER, DECODED_TOGETHER, 0, lengths);
    Codec codec =
        PipelineParts.codec(from, "vae", List.of(slices, sides.get(0), sides.get(1)))
            .with(PipelineParts.DRAWN);
    return PipelineParts.card(
        from,
        options,
        Kind.VIDEO,
        FPS,
        List.of(text),
        PipelineParts.level(
            from,
            "unet",
            List.of(frames, sides.get(0), sides.get(1)),
            unet.integer("in_channels", 4),
            List.of(StableDiffusion.port(text)),
            codec,
            PipelineParts.sampling(from, STEPS, GUIDANCE)));
  }
}
