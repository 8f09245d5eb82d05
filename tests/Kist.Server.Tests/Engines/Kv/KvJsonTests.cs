using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Kist.Secrets;
using Kist.Server.Engines.Kv;
using Xunit;

namespace Kist.Server.Tests.Engines.Kv;

public sealed class KvJsonTests
{
    private static readonly Gen<JsonNode?> s_leaf = Gen.OneOf(
        Gen.Const((JsonNode?)null),
        Gen.Int.Select(i => (JsonNode?)JsonValue.Create(i)),
        Gen.Bool.Select(b => (JsonNode?)JsonValue.Create(b)),
        Gen.String[Gen.Char[' ', '\u04ff'], 0, 6].Select(s => (JsonNode?)JsonValue.Create(s)));

    /// <summary>Objects and lists up to three deep over few names, so that targets and patches meet.</summary>
    private static Gen<JsonNode?> Value(int depth) => depth == 0 ? s_leaf : Gen.Frequency(
        (2, s_leaf),
        (1, Value(depth - 1).Array[0, 3].Select(items =>
            (JsonNode?)new JsonArray([.. items.Select(i => i?.DeepClone())]))),
        (3, Object(depth)));

    private static Gen<JsonNode?> Object(int depth) =>
        Gen.Select(Gen.OneOf("a", "b", "c", "\"q\\", "é"), Value(depth - 1)).Array[0, 4].Select(members =>
        {
            var made = new JsonObject();
            foreach (var (name, value) in members) made[name] = value?.DeepClone();
            return (JsonNode?)made;
        });

    private static readonly Gen<JsonNode?> s_map = Object(3);

    private static byte[] Text(JsonNode? node, bool indented = false) => node is null ? "null"u8.ToArray()
        : Encoding.UTF8.GetBytes(node.ToJsonString(new JsonSerializerOptions { WriteIndented = indented }));

    private static string Written(Action<SecretWriter> write)
    {
        using var output = new SecretWriter(16);
        write(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    [Theory]
    [InlineData("""{"a":"b"}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"b":"c"}""", """{"a":"b","b":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"a":null}""", """{}""")]
    [InlineData("""{"a":"b","b":"c"}""", """{"a":null}""", """{"b":"c"}""")]
    [InlineData("""{"a":["b"]}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"c"}""", """{"a":["b"]}""", """{"a":["b"]}""")]
    [InlineData("""{"a":{"b":"c"}}""", """{"a":{"b":"d","c":null}}""", """{"a":{"b":"d"}}""")]
    [InlineData("""{"a":[{"b":"c"}]}""", """{"a":[1]}""", """{"a":[1]}""")]
    [InlineData("""["a","b"]""", """["c","d"]""", """["c","d"]""")]
    [InlineData("""{"a":"b"}""", """["c"]""", """["c"]""")]
    [InlineData("""{"a":"foo"}""", "null", "null")]
    [InlineData("""{"a":"foo"}""", "\"bar\"", "\"bar\"")]
    [InlineData("""{"e":null}""", """{"a":1}""", """{"e":null,"a":1}""")]
    [InlineData("""[1,2]""", """{"a":"b","c":null}""", """{"a":"b"}""")]
    [InlineData("""{}""", """{"a":{"bb":{"ccc":null}}}""", """{"a":{"bb":{}}}""")]
    [InlineData("""{"\u0061":1}""", """{"a":2}""", """{"\u0061":2}""")]
    public void TheExamplesOfRfc7386Hold(string target, string patch, string result) => Assert.Equal(result, Written(
        output => MergePatch.Apply(Encoding.UTF8.GetBytes(target), Encoding.UTF8.GetBytes(patch), output)));

    [Fact]
    public void AMergeEqualsTheOneOfThePlainDefinition() => Gen.Select(s_map, s_map).Sample((target, patch) =>
    {
        var got = Written(output =>
            MergePatch.Apply(Text(target, indented: true), Text(patch, indented: true), output));
        return JsonNode.DeepEquals(JsonNode.Parse(got), Merge(target, patch));
    });

    /// <summary>The pseudocode of RFC 7386 section 2.</summary>
    private static JsonNode? Merge(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes) return patch?.DeepClone();
        var result = target is JsonObject ? (JsonObject)target.DeepClone() : [];
        foreach (var (name, value) in changes)
        {
            if (value is null) result.Remove(name);
            else result[name] = Merge(result[name], value);
        }
        return result;
    }

    [Fact]
    public void CompactingLeavesTheSameJsonWithoutBlanks() => s_map.Sample(map =>
    {
        var compact = Written(output => KvJson.Compact(Text(map, indented: true), output));
        return compact == Encoding.UTF8.GetString(Text(map));
    });

    [Theory]
    [InlineData(0, """{"a":null,"b":{"c":null,"d":{"e":null}},"f":null,"g":null}""")]
    [InlineData(1, """{"a":null,"b":null,"f":null,"g":null}""")]
    [InlineData(2, """{"a":null,"b":{"c":null,"d":null},"f":null,"g":null}""")]
    [InlineData(3, """{"a":null,"b":{"c":null,"d":{"e":null}},"f":null,"g":null}""")]
    public void SubkeysShowNamesDownToADepthAndNeverAValue(int depth, string shown) =>
        Assert.Equal(shown, Written(output => KvJson.WriteSubkeys(
            output, """{"a":"x","b":{"c":[{"q":1}],"d":{"e":5}},"f":{},"g":[]}"""u8, depth)));

    [Theory]
    [InlineData("plain \"text\"", "Text", """{"value":"plain \"text\""}""")]
    [InlineData("bytes", "Binary", """{"value":"Ynl0ZXM="}""")]
    [InlineData("""{"a":1}""", "Map", """{"a":1}""")]
    public void WhatIsNoMapShowsUnderValue(string payload, string kind, string shown) => Assert.Equal(shown, Written(
        output => KvJson.WriteMap(output, Encoding.UTF8.GetBytes(payload), Enum.Parse<PayloadKind>(kind))));
}
