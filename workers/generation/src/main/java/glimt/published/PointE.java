package glimt.published;

import glimt.bundle.BundleException;
import glimt.model.Axis;
import glimt.model.BundleCard;
import glimt.model.Encoder;
import glimt.model.Kind;
import glimt.model.Level;
import glimt.model.NetworkAnswer;
import glimt.model.NoPrompt;
import glimt.model.Parametrisation;
import glimt.model.Port;
import glimt.model.PromptReader;
import glimt.model.Thresholds;
import glimt.published.PointEFolder.Condition;
import glimt.published.PointEFolder.PointEPart;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Point-E (Nichol et al. 2022): a transformer makes a few points of a text, or of nothing, and
 * another adds points to them.
 */
final class PointE {
  private static final int CHANNELS = 6;
  private static final int POINTS = 1024;
  private static final int MORE_POINTS = 3072;

  /** Positions in metres, of clouds within a cube of side 1; colours of 0 to 255. */
  private static final List<Double> SCALES =
      List.of(2., 2., 2., 0.007843137255, 0.007843137255, 0.007843137255);

  private static final List<Double> BIASES = List.of(0., 0., 0., -1., -1., -1.);
  private static final int POSITIONS = 3;

  private static final String TEXT = "text";
  private static final String EMBEDDING = "text_embeds_normalized";

  /** As many tokens as CLIP reads. */
  private static final int LENGTH = 77;

  private PointE() {}

  static BundleCard card(PublishedFolder from, BundleDraft draft, ImportOptions options) {
    PointEFolder files = PointEFolder.of(from.folder());
    PointEPart base = files.base();
    PointEPart upsampler = files.upsampler();
    List<Encoder> encoders = encoders(from, draft, base);
    network("base", base, draft);
    network("upsampler", upsampler, draft);
    int points = base.config().integer("n_ctx", POINTS);
    int more = upsampler.config().integer("n_ctx", MORE_POINTS);
    Level first =
        level(
            "base",
            points,
            base,
            encoders.stream()
                .map(
                    text ->
                        new Port(
                            "embeddings",
                            Port.PortSource.ENCODER,
                            text.name(),
                            EMBEDDING,
                            Port.Unconditional.ZEROS))
                .toList());
    Level second = level("upsampler", points + more, upsampler, List.of(Port.belowKept("low_res")));
    return new BundleCard(
        BundleCard.VERSION,
        options.name().isEmpty() ? PipelineParts.cardName(from.name()) : options.name(),
        Kind.POINTS,
        "Published as Point-E.",
        PipelineParts.licence(from.folder()),
        reader(encoders),
        encoders,
        0,
        scale(upsampler.config().numbers("channel_scales", SCALES)),
        offset(
            upsampler.config().numbers("channel_scales", SCALES),
            upsampler.config().numbers("channel_biases", BIASES)),
        List.of(first, second),
        List.of(),
        Map.of(),
        Map.of(),
        new TreeMap<>(Map.of("published", "as Point-E's files", "scheduler", from.className())));
  }

  private static void network(String stem, PointEPart part, BundleDraft draft) {
    PublishedConfig config = part.config();
    draft.network(stem, PublishedWeights.file(part.file()), config, config.className() + ".level");
  }

  /** The encoder of what a job can give, which is a text. */
  private static List<Encoder> encoders(PublishedFolder from, BundleDraft draft, PointEPart base) {
    if (base.condition() == Condition.NOTHING) {
      return List.of();
    }
    if (base.condition() != Condition.TEXT) {
      throw new BundleException(
          "%s makes points of images, and jobs give texts; base_40m_textvec.pt makes them of texts"
              .formatted(base.file()));
    }
    if (!from.has(PointEFolder.TEXT_ENCODER)) {
      throw new BundleException(
          "%s needs CLIP's text encoder beside it, which is published apart: the CLIPTextModelWithProjection of ViT-L/14 in %s, its tokenizer in %s"
              .formatted(base.file(), PointEFolder.TEXT_ENCODER, PointEFolder.TOKENIZER));
    }
    String network = "text_encoder";
    draft.network(
        network, from, PointEFolder.TEXT_ENCODER, from.className(PointEFolder.TEXT_ENCODER));
    PromptReader reader = PublishedTokenizer.clip(from, PointEFolder.TOKENIZER, draft, LENGTH);
    return List.of(new Encoder(TEXT, network, reader, List.of(EMBEDDING)));
  }

  private static PromptReader reader(List<Encoder> encoders) {
    return encoders.isEmpty() ? new NoPrompt() : encoders.getFirst().reader();
  }

  private static Level level(String name, int points, PointEPart part, List<Port> ports) {
    return new Level(
        name,
        List.of(Axis.whole("points", points)),
        CHANNELS,
        name,
        new Parametrisation(NetworkAnswer.EPSILON, 1, new Thresholds.Open()),
        ports,
        List.of(),
        0,
        null,
        part.sampling(),
        null);
  }

  /** The network's units are the world's times scales, plus biases; a card has it the other way. */
  static List<Double> scale(List<Double> scales) {
    return IntStream.range(0, CHANNELS)
        .mapToObj(channel -> 1 / (scales.get(channel) * brightest(channel)))
        .toList();
  }

  static List<Double> offset(List<Double> scales, List<Double> biases) {
    return IntStream.range(0, CHANNELS)
        .mapToObj(channel -> 0.0 - biases.get(channel) / (scales.get(channel) * brightest(channel)))
        .toList();
  }

  /** Point-E's colours reach to 255, those of a card to 1. */
  private static int brightest(int channel) {
    return channel < POSITIONS ? 1 : 255;
  }
}
