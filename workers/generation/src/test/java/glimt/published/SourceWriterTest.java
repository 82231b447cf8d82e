package glimt.published;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.bundle.NetworkSource;
import java.util.List;
import org.junit.jupiter.api.Test;

class SourceWriterTest {

  @Test
  void classes_of_the_same_text_are_one_and_others_are_numbered() {
    SourceWriter writer = new SourceWriter();
    String narrow = layer(writer, 1);

    assertThat(layer(writer, 1)).isEqualTo(narrow).isEqualTo("Layer");
    assertThat(layer(writer, 2)).isEqualTo("Layer_2");
  }

  @Test
  void a_source_takes_in_the_blocks_of_what_it_names_and_holds_lists_by_number() {
    SourceWriter writer = new SourceWriter();
    String layer = layer(writer, 1);
    writer
        .module("Network", "")
        .has("precision", "int")
        .hasList("two_layers", List.of(layer, layer))
        .hasList("nothing", List.of())
        .does("return self.two_layers._1.forward(self.two_layers._0.forward(x))")
        .forward("x: Tensor", "Tensor");
    String text = writer.text("Two layers.");

    assertThat(text)
        .startsWith("# Two layers.\n\nfrom blocks.linear import Linear\n")
        .containsOnlyOnce("from blocks")
        .contains("class TwoLayers(Module):\n  _0 : Layer\n  _1 : Layer\n");
    assertThat(NetworkSource.parse("two", text).tensors())
        .containsOnlyKeys(
            "two_layers._0.linear.weight",
            "two_layers._0.linear.bias",
            "two_layers._1.linear.weight",
            "two_layers._1.linear.bias");
  }

  @Test
  void a_class_that_a_block_has_already_keeps_out_of_its_way() {
    SourceWriter writer = new SourceWriter();

    assertThat(writer.module("Linear", "").has("weight", "Tensor").forward("", ""))
        .isEqualTo("Linear_2");
  }

  @Test
  void numbers_are_written_alike_everywhere() {
    assertThat(SourceWriter.number(1e-5)).isEqualTo("1.0e-5");
    assertThat(SourceWriter.number(2)).isEqualTo("2.0");
  }

  private static String layer(SourceWriter writer, int scale) {
    return writer
        .module("Layer", "")
        .has("linear", "Linear")
        .does("return self.linear.forward(z) * %s", scale)
        .forward("z: Tensor", "Tensor");
  }
}
