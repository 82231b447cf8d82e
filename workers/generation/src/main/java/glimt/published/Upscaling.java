package glimt.published;

import glimt.bundle.BundleException;
import glimt.diffusion.Chain;
import glimt.model.Axis;
import glimt.model.BelowNoising;
import glimt.model.BundleCard;
import glimt.model.Codec;
import glimt.model.Encoder;
import glimt.model.FirstFrame;
import glimt.model.Kind;
import glimt.model.Level;
import glimt.model.Port;
import glimt.model.Port.PortSource;
import glimt.model.Port.Unconditional;
import glimt.model.SizeRule;
import glimt.published.ImportLevels.LevelSource;
import java.util.ArrayList;
import java.util.List;

/**
 * Stable Diffusion's upscaler (Rombach et al. 2022, section 4.4), diffusers' {@code
 * StableDiffusionUpscalePipeline}: latents with a position for each pixel of a small picture, which
 * the network sees beside them, noised as far as a step of a chain that it is told. The decoder
 * makes four pixels a side of each. The small picture is a job's, or what the level below made.
 */
final class Upscaling {
  private static final int STEPS = 75;
  private static final double GUIDANCE = 9;
  private static final int PIXELS = 512;

  /** The step as far as which the small picture is noised, unless a job says otherwise. */
  private static final int NOISE_LEVEL = 20;

  /** As far as it may be, where the pipeline's index does not say. */
  private static final int MOST_NOISE = 350;

  /** What latents are divided by; diffusers puts it over whatever the autoencoder's file says. */
  private static final double SCALE = 0.08333;

  private static final int COLOURS = 3;
  private static final String LOW_SCHEDULER = "low_res_scheduler";

  /** The port of the small picture. */
  private static final String LOW = "low_res";

  /** The port of the share that its chain leaves of it at that step. */
  private static final String SIGNAL = "low_signal";

  private Upscaling() {}

  static BundleCard card(PublishedFolder from, BundleDraft draft, ImportOptions options) {
    from.only(LOW_SCHEDULER, "scheduler", "text_encoder", "tokenizer", "unet", "vae");
    int asked = from.index().integer("max_noise_level", MOST_NOISE);
    from.index().ignore("requires_safety_checker"); // it changes no picture
    from.index().close();
    PublishedConfig unet = from.config("unet");
    int channels = from.config("vae").integer("latent_channels", 4);
    if (unet.integer("in_channels", 4) != channels + COLOURS) {
      throw unet.refused(
          "in_channels", "it must be %s of latents and %s colours".formatted(channels, COLOURS));
    }
    Chain chain = PipelineParts.chain(from, LOW_SCHEDULER);
    int known = unet.integer("num_class_embeds", chain.length());
    int most = Math.min(asked, Math.min(chain.length(), known) - 1);
    if (most < 0) {
      throw from.index().refused("max_noise_level", "it must be 0 or more");
    }
    Encoder text = StableDiffusion.text(from, draft, options);
    String both = "torch.cat([x, %s * torch.reshape(%s, [-1, 1, 1, 1])], 1)".formatted(LOW, SIGNAL);
    draft.network(
        "unet",
        from,
        "unet",
        from.className("unet") + " with a small picture",
        (config, tensors) -> Unet2dCondition.of(config, tensors, List.of(LOW, SIGNAL), both));
    draft.network("vae", from, "vae", from.className("vae") + ".decode");
    List<Axis> axes = PipelineParts.sides(from, unet, PIXELS);
    Level level =
        PipelineParts.level(
                from,
                "unet",
                axes,
                channels,
                ports(unet, text),
                codec(from, axes),
                PipelineParts.sampling(from, STEPS, GUIDANCE))
            .beginning(new FirstFrame(null, null))
            .noised(
                chain.sigma(Math.min(NOISE_LEVEL, most)),
                new BelowNoising(from.scheduler(LOW_SCHEDULER), most));
    return PipelineParts.card(from, options, Kind.IMAGE, 0, List.of(text), level);
  }

  private static List<Port> ports(PublishedConfig unet, Encoder text) {
    List<Port> ports = new ArrayList<>();
    ports.add(Port.below(LOW));
    ports.add(new Port(SIGNAL, PortSource.BELOW_SIGNAL, null, null, Unconditional.SAME));
    if (unet.has("class_embed_type") || unet.has("num_class_embeds")) {
      ports.add(new Port("class_labels", PortSource.BELOW_NOISE, null, null, Unconditional.SAME));
    }
    ports.add(StableDiffusion.port(text));
    return ports;
  }

  private static Codec codec(PublishedFolder from, List<Axis> axes) {
    PublishedConfig vae = from.config("vae");
    for (String key : List.of("latents_mean", "latents_std", "shift_factor")) {
      if (vae.has(key) && !(key.equals("shift_factor") && vae.number(key, 0) == 0)) {
        throw vae.refused(key, "a %s does not read it".formatted(from.className()));
      }
    }
    Codec usual = PipelineParts.codec(from, "vae", axes);
    return new Codec(
        usual.network(),
        usual.axes(),
        usual.factors(),
        usual.causal(),
        usual.channels(),
        List.of(SCALE),
        List.of(0.0));
  }

  /**
   * The level above one whose results it enlarges, of which each pixel is a position of its sample.
   *
   * @param own the only level of its card
   * @throws BundleException if it cannot have that size, or another is asked for
   */
  static Level over(Level below, Level own, LevelSource source) {
    if (source.strength() != null) {
      throw new BundleException(
          "%s: an upscaler walks all of its walk, so it takes no strength"
              .formatted(source.source()));
    }
    List<Axis> axes = new ArrayList<>();
    for (int i = 0; i < below.axes().size(); i++) {
      SizeRule seen = below.seenRule(i);
      int extent = below.seen().get(i);
      int longest = own.axes().get(i).rule().most();
      if (extent > longest) {
        throw new BundleException(
            "%s: it enlarges pictures of up to %s pixels a side, not of %s"
                .formatted(source.source(), longest, extent));
      }
      int most =
          Math.min(seen.most(), longest - Math.floorMod(longest - seen.plus(), seen.multiple()));
      SizeRule rule = new SizeRule(seen.least(), most, seen.multiple(), seen.plus());
      axes.add(new Axis(own.axes().get(i).name(), extent, extent, extent, 0, rule));
    }
    Level level = own.with(axes);
    if (source.size() != null && !source.size().along(level.seen()).equals(level.seen())) {
      throw new BundleException(
          "%s: it makes %s of the %s below, height first, not %s"
              .formatted(
                  source.source(), level.seen(), below.seen(), source.size().along(level.seen())));
    }
    return level;
  }
}
