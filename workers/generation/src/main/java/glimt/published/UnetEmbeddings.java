package glimt.published;

import static glimt.published.SourceWriter.number;
import static glimt.published.SourceWriter.truth;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes what a U-Net's blocks are told besides their picture: the timestep, and a class where
 * there are any. Both become vectors [B, d], which are added or stand side by side.
 */
final class UnetEmbeddings {
  /** The port of a vector beside the timestep, and that of the guidance of which it is made. */
  private static final String CONDITION = "timestep_cond";

  static final String GUIDANCE = "guidance";

  private final PublishedConfig config;
  private final SourceWriter writer;
  private final SourceWriter.Module root;
  private final List<String> ports;
  private final int width;
  private final String kind;
  private final boolean cosinesFirst;
  private final double shift;
  private boolean told;

  /**
   * @param root takes the parts, and the lines that end with {@code time} [B, d]
   * @param ports takes the ports that are wanted
   * @param width of the first block
   */
  UnetEmbeddings(
      PublishedConfig config,
      SourceWriter writer,
      SourceWriter.Module root,
      List<String> ports,
      int width) {
    this.config = config;
    this.writer = writer;
    this.root = root;
    this.ports = ports;
    this.width = width;
    kind = config.text("time_embedding_type", "positional");
    cosinesFirst = config.flag("flip_sin_to_cos", true);
    shift = config.number("freq_shift", 0);
  }

  /** Makes the vector beside the timestep of the guidance's weight. */
  void tellGuidance() {
    told = true;
  }

  /**
   * A timestep or another vector through two layers.
   *
   * @param conditioned whether a guidance's scale is added, as a vector
   */
  String twoLayers(Activation between, Activation after, boolean conditioned) {
    SourceWriter.Module layers =
        writer.module("TimestepEmbedding", "").has("linear_1", "Linear").has("linear_2", "Linear");
    if (conditioned) {
      layers.has("cond_proj", "Projection").does("z = z + self.cond_proj.forward(condition)");
    }
    return layers
        .does("h = %s", between.of("self.linear_1.forward(z)"))
        .does("return %s", after.of("self.linear_2.forward(h)"))
        .forward("z: Tensor" + (conditioned ? ", condition: Tensor" : ""), "Tensor");
  }

  /** Numbers as waves, of which a vector has as many values as a width. */
  String waves(String numbers, int values) {
    return "torch.to(time_waves(%s, %s, %s, %s, 10000.), self.precision)"
        .formatted(numbers, values, truth(cosinesFirst), number(shift));
  }

  /**
   * The timestep.
   *
   * @param logarithm whether learnt frequencies turn with the logarithm of the timestep
   * @param act between the layers
   */
  void time(Activation act, boolean logarithm) {
    switch (kind) {
      case "positional" -> {}
      case "fourier" -> root.has("time_proj", fourier(logarithm));
      case "learned" -> root.has("time_proj", "Embedding");
      default ->
          throw config.refused(
              "time_embedding_type", "only positional, fourier and learned are implemented");
    }
    Integer conditioned = config.integer("time_cond_proj_dim");
    Activation after = Activation.of(config, "timestep_post_act", "");
    root.has("time_embedding", twoLayers(act, after, conditioned != null));
    String condition = "";
    if (conditioned != null) {
      ports.add(told ? GUIDANCE : CONDITION);
      condition =
          ", torch.to(%s, self.precision)".formatted(told ? guidanceWaves(conditioned) : CONDITION);
    }
    root.does("time = self.time_embedding.forward(%s%s)", asVector("noise"), condition);
  }

  /** The weight of guidance as a vector (Meng et al. 2023), in the order of diffusers' sums. */
  private String guidanceWaves(int values) {
    int half = values / 2;
    root.does("pace = torch.log(torch.tensor([10000.], dtype=6)) / (%s - 1)", half)
        .does("pace = torch.to(pace, ops.prim.device(noise))")
        .does(
            "pace = torch.exp(torch.arange(%s, dtype=6, device=ops.prim.device(noise)) * -pace)",
            half)
        .does("turn = torch.unsqueeze(guidance * 1000., 1) * torch.unsqueeze(pace, 0)");
    String waves = "torch.cat([torch.sin(turn), torch.cos(turn)], 1)";
    return values % 2 == 0 ? waves : "torch.constant_pad_nd(%s, [0, 1], 0)".formatted(waves);
  }

  /** What the timestep's two layers are given, and those of a class that is a timestep. */
  private String asVector(String numbers) {
    return switch (kind) {
      case "fourier" -> "torch.to(self.time_proj.forward(%s), self.precision)".formatted(numbers);
      case "learned" ->
          "torch.to(self.time_proj.forward(torch.to(%s, 4)), self.precision)".formatted(numbers);
      default -> waves(numbers, width);
    };
  }

  /** Frequencies drawn once (Tancik et al. 2020). */
  private String fourier(boolean logarithm) {
    String turned = "torch.unsqueeze(%s, 1) * torch.unsqueeze(torch.to(self.weight, 6), 0)";
    return writer
        .module("GaussianFourierProjection", "")
        .has("weight", "Tensor       # [n]")
        .does("turn = " + turned + " * 6.283185307179586", logarithm ? "torch.log(t)" : "t")
        .does(
            cosinesFirst && !logarithm
                ? "return torch.cat([torch.cos(turn), torch.sin(turn)], -1)"
                : "return torch.cat([torch.sin(turn), torch.cos(turn)], -1)")
        .forward("t: Tensor", "Tensor");
  }

  /**
   * The class.
   *
   * @param kinds that the network knows besides a table of classes
   * @param act between the layers of a class that is a timestep
   * @param concatenated whether it stands beside the timestep instead of being added
   */
  void labels(List<String> kinds, Activation act, boolean concatenated) {
    String type = config.text("class_embed_type");
    Integer count = config.integer("num_class_embeds");
    if (type == null && count == null) {
      return;
    }
    if (type != null && !kinds.contains(type)) {
      throw config.refused("class_embed_type", "only %s are implemented".formatted(kinds));
    }
    ports.add("class_labels");
    String given = given(type);
    String part = part(type, act);
    if (!part.isEmpty()) {
      root.has("class_embedding", part);
    }
    root.does(
        "label = %s", part.isEmpty() ? given : "self.class_embedding.forward(%s)".formatted(given));
    root.does("label = torch.to(label, self.precision)");
    root.does(concatenated ? "time = torch.cat([time, label], -1)" : "time = time + label");
  }

  private String given(@Nullable String type) {
    return type == null
        ? "torch.to(class_labels, 4)"
        : type.equals("timestep")
            ? asVector("class_labels")
            : "torch.to(class_labels, self.precision)";
  }

  /** Empty where labels are vectors already. */
  private String part(@Nullable String type, Activation act) {
    if (type == null) {
      return "Embedding";
    }
    return switch (type) {
      case "timestep" -> twoLayers(act, Activation.NONE, false);
      case "projection" -> twoLayers(new Activation("torch.silu(%s)"), Activation.NONE, false);
      case "simple_projection" -> "Linear";
      default -> "";
    };
  }
}
