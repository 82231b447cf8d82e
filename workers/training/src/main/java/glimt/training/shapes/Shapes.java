package glimt.training.shapes;

import glimt.training.clips.ClipMaterial;
import glimt.training.recipe.Recipe;
import glimt.training.sprites.Sprites;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.Shape;
import java.awt.geom.Area;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The dataset of scenes with simple coloured shapes as sprites. */
public final class Shapes {
  private static final int SIDE = 192;

  /**
   * An outline in the square from -1 to 1, y down, and the colour of its interior as {@code
   * 0xRRGGBB}.
   */
  private record Drawing(Shape outline, int rgb) {}

  private static final Map<String, Drawing> DRAWINGS =
      Map.of(
          "circle", new Drawing(disc(0, 0, 0.9), 0xe8503c),
          "square", new Drawing(new Rectangle2D.Double(-0.8, -0.8, 1.6, 1.6), 0x7ec8f0),
          "triangle", new Drawing(star(3, 1, 0.5), 0x58b858),
          "star", new Drawing(star(5, 1, 0.42), 0xffe070),
          "ring", new Drawing(without(disc(0, 0, 0.95), disc(0, 0, 0.5)), 0xf0a0d0),
          "moon", new Drawing(without(disc(0, 0, 0.95), disc(0.5, -0.2, 0.8)), 0xf4f0e0));

  private Shapes() {}

  /** The dataset of a recipe whose subjects name shapes as their clips. */
  public static ClipMaterial material(Recipe recipe) {
    Map<String, List<int[]>> pictures = new HashMap<>();
    DRAWINGS.forEach((name, drawing) -> pictures.put(name, List.of(pixels(drawing))));
    return ClipMaterial.of(recipe, Sprites.of(pictures));
  }

  /** Red, green, blue, alpha in 0..255 for each pixel, row by row. */
  private static int[] pixels(Drawing drawing) {
    BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_ARGB);
    Graphics2D pen = image.createGraphics();
    pen.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    pen.translate(SIDE / 2.0, SIDE / 2.0);
    pen.scale(SIDE / 2.2, SIDE / 2.2);
    pen.setColor(new Color(drawing.rgb));
    pen.fill(drawing.outline);
    pen.setColor(new Color(0x303038));
    pen.setStroke(new BasicStroke(0.12f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
    pen.draw(drawing.outline);
    pen.dispose();
    return Sprites.pixels(image);
  }

  private static Shape disc(double x, double y, double radius) {
    return new Ellipse2D.Double(x - radius, y - radius, 2 * radius, 2 * radius);
  }

  private static Shape without(Shape whole, Shape hole) {
    Area left = new Area(whole);
    left.subtract(new Area(hole));
    return left;
  }

  /** A star with the given number of points, whose vertices alternate between two radii. */
  private static Shape star(int points, double outer, double inner) {
    Path2D path = new Path2D.Double();
    for (int i = 0; i < 2 * points; i++) {
      double radius = i % 2 == 0 ? outer : inner;
      double angle = Math.PI * (i / (double) points - 0.5);
      double x = radius * Math.cos(angle);
      double y = radius * Math.sin(angle);
      if (i == 0) {
        path.moveTo(x, y);
      } else {
        path.lineTo(x, y);
      }
    }
    path.closePath();
    return path;
  }
}
