namespace Kist.Formats.Sops.Yaml;

/// <summary>The parts that a YAML text is made of.</summary>
internal enum YamlTokenKind : byte
{
    /// <summary>Something is wrong, and was said.</summary>
    Fault,
    StreamEnd,
    /// <summary><c>%YAML</c></summary>
    Version,
    /// <summary><c>%TAG</c></summary>
    TagHandle,
    /// <summary><c>---</c></summary>
    DocumentStart,
    /// <summary><c>...</c></summary>
    DocumentEnd,
    BlockListStart,
    BlockMapStart,
    /// <summary>Less indentation.</summary>
    BlockEnd,
    FlowListStart,
    FlowListEnd,
    FlowMapStart,
    FlowMapEnd,
    /// <summary><c>- </c></summary>
    Item,
    /// <summary><c>,</c></summary>
    Comma,
    /// <summary>Before a key, whether or not there is a question mark.</summary>
    Key,
    /// <summary><c>: </c></summary>
    Value,
    Alias,
    Anchor,
    Tag,
    Scalar,
}

/// <summary>How a scalar is written.</summary>
internal enum YamlStyle : byte
{
    Plain,
    Quoted,
    Block,
}

/// <summary>One part of a YAML text.</summary>
/// <param name="End">Behind it.</param>
/// <param name="Text">What a scalar says.</param>
/// <param name="Word">The name of an anchor or alias; the handle of a tag.</param>
/// <param name="Suffix">The rest of a tag; what a handle stands for.</param>
internal readonly record struct YamlToken(YamlTokenKind Kind, YamlMark Start, YamlMark End,
    YamlStyle Style = YamlStyle.Plain, ReadOnlyMemory<byte> Text = default, string Word = "", string Suffix = "");
