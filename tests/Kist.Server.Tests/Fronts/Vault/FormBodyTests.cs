using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Kist.Server.Fronts.Vault;
using Xunit;

namespace Kist.Server.Tests.Fronts.Vault;

public sealed class FormBodyTests
{
    private static string? Json(string form)
    {
        using var json = FormBody.ToJson(Encoding.UTF8.GetBytes(form));
        return json is null ? null : Encoding.UTF8.GetString(json.WrittenSpan);
    }

    [Theory]
    [InlineData("v=form", """{"v":"form"}""")]
    [InlineData("a=1&a=2&b=x+y%26", """{"a":"1,2","b":"x y&"}""")]
    [InlineData("flag&&empty=", """{"flag":"","empty":""}""")]
    [InlineData("%C3%BC=%22q%22", """{"ü":"\"q\""}""")]
    [InlineData("a=%4", null)]
    [InlineData("a=%zz", null)]
    [InlineData("a=%ff", null)]
    public void FormsBecomeObjectsOfStrings(string form, string? json) => Assert.Equal(json, Json(form));

    [Fact]
    public void WhateverAnEncoderWritesComesBack() => Gen.Select(Gen.String[Gen.Char['a', 'z'], 1, 5],
        Gen.String[Gen.Char['\0', '\ud7ff'], 0, 20]).Array[1, 8].Sample(pairs =>
    {
        var fields = pairs.DistinctBy(p => p.Item1).ToList();
        var form = string.Join('&', fields.Select(f => $"{f.Item1}={WebUtility.UrlEncode(f.Item2)}"));
        var json = JsonNode.Parse(Json(form)!)!.AsObject();
        return json.Count == fields.Count && fields.All(f => (string?)json[f.Item1] == f.Item2);
    });
}
