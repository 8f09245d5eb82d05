using System.Security.Cryptography;
using System.Text;

namespace Kist.Agent.Templates;

/// <summary>
/// The functions of sprig that configuration files use, under the names that consul-template gives them
/// (masterminds.github.io/sprig).
/// </summary>
internal static class SprigFunctions
{
    public static void AddTo(Dictionary<string, Func<FunctionCall, object?>> all)
    {
        AddText(all);
        all["sprig_default"] = static c => TemplateValue.Truth(c.Takes(1, 2)[c.Count - 1]) ? c[c.Count - 1] : c[0];
        all["sprig_empty"] = static c => !TemplateValue.Truth(c.Takes(1)[0]);
        all["sprig_coalesce"] = static c => c.Arguments.FirstOrDefault(TemplateValue.Truth);
        all["sprig_ternary"] = static c => TemplateValue.Truth(c.Takes(3)[2]) ? c[0] : c[1];
        all["sprig_b64enc"] = static c => Convert.ToBase64String(Encoding.UTF8.GetBytes(c.Takes(1).Text(0)));
        all["sprig_b64dec"] = static c => Functions.Call(new FunctionCall(c.Run, "base64Decode", c.Arguments));
        all["sprig_sha256sum"] = static c =>
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(c.Takes(1).Text(0))));
        all["sprig_toJson"] = static c => DataText.Json(c.Takes(1)[0], indented: false, escapesHtml: true);
        all["sprig_toPrettyJson"] = static c => DataText.Json(c.Takes(1)[0], indented: true, escapesHtml: true);
        all["sprig_list"] = static c => c.Arguments.ToList();
        all["sprig_dict"] = static c => Dict(c);
        all["sprig_keys"] = static c => c.Takes(1).Map(0).Keys.Select(k => (object?)k).ToList();
        all["sprig_values"] = static c => c.Takes(1).Map(0).Values.ToList();
        all["sprig_hasKey"] = static c => c.Takes(2).Map(0).ContainsKey(c.Text(1));
        all["sprig_get"] = static c => c.Takes(2).Map(0).GetValueOrDefault(c.Text(1)) ?? "";
        all["sprig_first"] = static c => c.Takes(1).List(0).FirstOrDefault();
        all["sprig_last"] = static c => c.Takes(1).List(0).LastOrDefault();
        all["sprig_toString"] = static c => TemplateValue.Text(c.Takes(1)[0]);
        all["sprig_fail"] = static c => throw new TemplateFault("the template calls fail");
    }

    private static void AddText(Dictionary<string, Func<FunctionCall, object?>> all)
    {
        all["sprig_upper"] = static c => c.Takes(1).Text(0).ToUpperInvariant();
        all["sprig_lower"] = static c => c.Takes(1).Text(0).ToLowerInvariant();
        all["sprig_title"] = static c => TextFunctions.Title(c.Takes(1).Text(0));
        all["sprig_trim"] = static c => c.Takes(1).Text(0).Trim();
        all["sprig_trimAll"] = static c => c.Takes(2).Text(1).Trim(c.Text(0).ToCharArray());
        all["sprig_trimPrefix"] = static c => TextFunctions.WithoutPrefix(c.Takes(2).Text(1), c.Text(0));
        all["sprig_trimSuffix"] = static c => TextFunctions.WithoutSuffix(c.Takes(2).Text(1), c.Text(0));
        all["sprig_replace"] = static c => TextFunctions.Replace(c.Takes(3).Text(2), c.Text(0), c.Text(1));
        all["sprig_contains"] = static c => c.Takes(2).Text(1).Contains(c.Text(0), StringComparison.Ordinal);
        all["sprig_hasPrefix"] = static c => c.Takes(2).Text(1).StartsWith(c.Text(0), StringComparison.Ordinal);
        all["sprig_hasSuffix"] = static c => c.Takes(2).Text(1).EndsWith(c.Text(0), StringComparison.Ordinal);
        all["sprig_quote"] = static c => string.Join(' ', c.Arguments.Where(a => a is not null)
            .Select(a => GoFormat.Quoted(TemplateValue.Text(a))));
        all["sprig_squote"] = static c => string.Join(' ', c.Arguments.Where(a => a is not null)
            .Select(a => $"'{TemplateValue.Text(a)}'"));
        all["sprig_indent"] = static c => Indented(c.Takes(2));
        all["sprig_nindent"] = static c => "\n" + Indented(c.Takes(2));
        all["sprig_join"] = static c => string.Join(c.Takes(2).Text(0), c.List(1).Select(TemplateValue.Text));
        all["sprig_splitList"] = static c =>
            c.Takes(2).Text(1).Split(c.Text(0)).Select(p => (object?)p).ToList();
    }

    // As sprig has it, empty lines too.
    private static string Indented(FunctionCall call) =>
        call.Whole(0) is var spaces and >= 0 and <= 10_000 && new string(' ', (int)spaces) is var prefix
            ? prefix + call.Text(1).Replace("\n", "\n" + prefix)
            : throw new TemplateFault($"{call.Name} takes 0 to 10000 spaces");

    private static TemplateMap Dict(FunctionCall call)
    {
        if (call.Count % 2 != 0) throw new TemplateFault("sprig_dict takes names and values in turn");
        var map = new TemplateMap();
        for (var i = 0; i < call.Count; i += 2) map[call.Text(i)] = call[i + 1];
        return map;
    }
}
