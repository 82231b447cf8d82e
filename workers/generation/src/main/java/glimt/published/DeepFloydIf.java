package glimt.published;

import glimt.bundle.BundleException;
import glimt.diffusion.Chain;
import glimt.diffusion.diffusers.PublishedWalk;
import glimt.model.BundleCard;
import glimt.model.Encoder;
import glimt.model.Kind;
import glimt.model.Level;
import glimt.model.Port;
import glimt.model.Port.PortSource;
import glimt.model.Port.Unconditional;
import glimt.model.PromptReader;
import glimt.model.Sampling;
import glimt.model.Schedule;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * DeepFloyd IF, a cascade of pixels (Saharia et al. 2022): a small picture by diffusers' {@code
 * IFPipeline}, which each {@code IFSuperResolutionPipeline} above enlarges. All are told what T5
 * makes of the prompt. A stage above sees the picture below, enlarged and noised as far as a step
 * of its chain, and is told that step.
 */
final class DeepFloydIf {
  private static final int STEPS = 100;
  private static final double GUIDANCE = 7;
  private static final int STEPS_ABOVE = 50;
  private static final double GUIDANCE_ABOVE = 4;
  private static final int TEXT_LENGTH = 77;

  /** The step as far as which the picture below is noised, unless a job says otherwise. */
  private static final int NOISE_LEVEL = 250;

  /** The levels' names, from the base up. */
  private static final List<String> NAMES = List.of(PipelineParts.BASE, "spatial", "detail");

  private static final String STATES = "last_hidden_state";

  /** The port of the picture below. */
  private static final String LOW = "low_res";

  /** The port of the share that the chain leaves of a picture at that step. */
  private static final String SIGNAL = "low_signal";

  /** The class of the stages above the base. */
  private static final String ABOVE = "IFSuperResolutionPipeline";

  private DeepFloydIf() {}

  static BundleCard card(PublishedFolder from, BundleDraft draft, ImportOptions options) {
    if (from.className().equals(ABOVE)) {
      throw new BundleException(
          "%s: an %s enlarges what an IFPipeline makes; give the folder of that first, and this one after it"
              .formatted(from.folder(), ABOVE));
    }
    from.only("scheduler", "text_encoder", "tokenizer", "unet");
    from.index().ignore("requires_safety_checker"); // it changes no picture
    from.index().close();
    Encoder text = text(from, draft, options);
    List<Level> levels = new ArrayList<>();
    draft.network("unet", from, "unet", from.className("unet"));
    PublishedConfig unet = from.config("unet");
    levels.add(
        level(
            PipelineParts.BASE,
            from,
            "unet",
            unet.integer("in_channels", 4),
            0,
            List.of(steered(text)),
            PipelineParts.sampling(from, STEPS, GUIDANCE)));
    for (PublishedFolder above : from.above()) {
      if (levels.size() == NAMES.size()) {
        throw new BundleException(
            "%s: a cascade has at most %s stages".formatted(above.folder(), NAMES.size()));
      }
      levels.add(above(NAMES.get(levels.size()), above, draft, text, levels.getLast()));
    }
    return PipelineParts.card(from, options, Kind.IMAGE, 0, text.reader(), List.of(text), levels);
  }

  private static Encoder text(PublishedFolder from, BundleDraft draft, ImportOptions options) {
    draft.network("text_encoder", from, "text_encoder", from.className("text_encoder"));
    int length = options.textLength(TEXT_LENGTH);
    PromptReader reader = PublishedTokenizer.t5(from, "tokenizer", draft, length, true);
    return new Encoder("text", "text_encoder", reader, List.of(STATES));
  }

  private static Port steered(Encoder text) {
    return new Port(
        StableDiffusion.TEXT,
        PortSource.ENCODER,
        text.name(),
        STATES,
        Unconditional.NEGATIVE_PROMPT);
  }

  private static Level above(
      String name, PublishedFolder from, BundleDraft draft, Encoder text, Level below) {
    if (!from.className().equals(ABOVE)) {
      throw new BundleException(
          "%s: above an IFPipeline stands an IFSuperResolutionPipeline, not a %s"
              .formatted(from.folder(), from.className()));
    }
    // The text was read below, and the tokens with it.
    from.only("image_noising_scheduler", "scheduler", "text_encoder", "tokenizer", "unet");
    from.index().ignore("requires_safety_checker");
    from.index().close();
    PublishedConfig unet = from.config("unet");
    int channels = unet.integer("in_channels", 4) / 2;
    if (channels != below.channels()) {
      throw unet.refused(
          "in_channels", "it must be twice the %s below".formatted(below.channels()));
    }
    Sampling sampling = PipelineParts.sampling(from, STEPS_ABOVE, GUIDANCE_ABOVE);
    double noise = noise(from, sampling);
    String both = "torch.cat([x, %s * torch.reshape(%s, [-1, 1, 1, 1])], 1)".formatted(LOW, SIGNAL);
    draft.network(
        "unet_" + name,
        from,
        "unet",
        from.className("unet") + " with the picture below",
        (config, tensors) -> Unet2dCondition.of(config, tensors, List.of(LOW, SIGNAL), both));
    List<Port> ports = new ArrayList<>();
    ports.add(new Port(LOW, PortSource.BELOW_BY_CORNERS, null, null, Unconditional.SAME));
    ports.add(new Port(SIGNAL, PortSource.BELOW_SIGNAL, null, null, Unconditional.SAME));
    if (unet.has("class_embed_type") || unet.has("num_class_embeds")) {
      ports.add(new Port("class_labels", PortSource.BELOW_NOISE, null, null, Unconditional.SAME));
    }
    ports.add(steered(text));
    return level(name, from, "unet_" + name, channels, noise, ports, sampling);
  }

  /**
   * How much noise the picture below usually has, as a part of the picture.
   *
   * @throws BundleException if the chain that noises it is not the network's
   */
  private static double noise(PublishedFolder from, Sampling sampling) {
    Chain noising = PipelineParts.chain(from, "image_noising_scheduler");
    Chain own =
        PublishedWalk.of(((Schedule.Published) sampling.schedule()).settings())
            .chain()
            .orElseThrow();
    boolean same =
        own.length() == noising.length()
            && IntStream.range(0, own.length())
                .allMatch(step -> own.sigma(step) == noising.sigma(step));
    if (!same || own.length() <= NOISE_LEVEL) {
      throw new BundleException(
          "%s: image_noising_scheduler and scheduler have different betas, which is not implemented"
              .formatted(from.folder()));
    }
    return own.sigma(NOISE_LEVEL);
  }

  private static Level level(
      String name,
      PublishedFolder from,
      String network,
      int channels,
      double belowNoise,
      List<Port> ports,
      Sampling sampling) {
    return new Level(
        name,
        DdpmPictures.sides(from.config("unet")),
        channels,
        network,
        PipelineParts.parametrisation(from),
        ports,
        List.of(),
        belowNoise,
        null,
        sampling,
        null);
  }
}
