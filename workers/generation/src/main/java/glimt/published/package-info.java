/**
 * Models as others publish them: their folders, configurations and tensor names become a bundle's
 * card, sources and weights.
 *
 * <p>One class per published architecture writes that network's readable source for the sizes of a
 * configuration. Every key of a configuration is either honoured or refused by name.
 */
@NullMarked
package glimt.published;

import org.jspecify.annotations.NullMarked;
