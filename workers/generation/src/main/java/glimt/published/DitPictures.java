package glimt.published;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.model.Axis;
import glimt.model.BundleCard;
import glimt.model.ClassNames;
import glimt.model.Kind;
import glimt.model.Port;
import glimt.model.Port.Unconditional;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Pictures of a class (DiT, Peebles and Xie 2023), as diffusers' {@code DiTPipeline} makes them: a
 * transformer of latents is told a number of a class, and without conditions the number after the
 * last.
 */
final class DitPictures {
  private static final int STEPS = 50;
  private static final double GUIDANCE = 4;

  private DitPictures() {}

  static BundleCard card(PublishedFolder from, BundleDraft draft, ImportOptions options) {
    from.only("scheduler", "transformer", "vae");
    PublishedConfig transformer = from.config("transformer");
    int classes = transformer.integer("num_embeds_ada_norm", 1000);
    ClassNames reader = new ClassNames(names(from.index(), classes), classes);
    from.index().close();
    draft.network("transformer", from, "transformer", from.className("transformer"));
    draft.network("vae", from, "vae", from.className("vae") + ".decode");
    int side = transformer.integer("sample_size", 32);
    List<Axis> axes = List.of(Axis.whole("height", side), Axis.whole("width", side));
    return PipelineParts.card(
        from,
        options,
        Kind.IMAGE,
        0,
        reader,
        List.of(),
        PipelineParts.level(
            from,
            "transformer",
            axes,
            transformer.integer("in_channels", 4),
            List.of(Port.prompt("class_labels", Unconditional.EMPTY_PROMPT)),
            PipelineParts.codec(from, "vae", axes),
            PipelineParts.sampling(from, STEPS, GUIDANCE)));
  }

  /** The index gives the names of each class behind one another, with commas between. */
  private static Map<String, Integer> names(PublishedConfig index, int classes) {
    Map<String, Integer> names = new TreeMap<>();
    JsonNode said = index.value("id2label");
    if (said == null) {
      return names;
    }
    for (Map.Entry<String, JsonNode> label : said.properties()) {
      if (!label.getKey().matches("\\d{1,9}") || Integer.parseInt(label.getKey()) >= classes) {
        throw index.refused("id2label", "the classes are 0 to " + (classes - 1));
      }
      for (String name : label.getValue().asText().split(",", -1)) {
        names.put(name.strip(), Integer.parseInt(label.getKey()));
      }
    }
    names.remove("");
    return names;
  }
}
