using System.Globalization;

namespace Kist.Agent.Templates;

/// <summary>
/// Functions over numbers. The piped value is the first operand of the sum: <c>{{ 5 | subtract 2 }}</c> is 3.
/// </summary>
internal static class NumberFunctions
{
    public static void AddTo(Dictionary<string, Func<FunctionCall, object?>> all)
    {
        all["add"] = static c => Two(c, static (a, b) => checked(a + b), static (a, b) => a + b);
        all["subtract"] = static c => Two(c, static (a, b) => checked(a - b), static (a, b) => a - b);
        all["multiply"] = static c => Two(c, static (a, b) => checked(a * b), static (a, b) => a * b);
        all["divide"] = static c => Two(c, Divided, static (a, b) => a / b);
        all["modulo"] = static c => Two(c, Remainder, static (a, b) => a % b);
        all["minimum"] = static c => Two(c, Math.Min, Math.Min);
        all["maximum"] = static c => Two(c, Math.Max, Math.Max);
        all["parseInt"] = static c => Whole(c.Takes(1));
        all["parseUint"] = static c => Whole(c.Takes(1)) is var n && n >= 0
            ? n : throw new TemplateFault("parseUint: the number is negative");
        all["parseFloat"] = static c => Real(c.Takes(1));
        all["parseBool"] = static c => Flag(c.Takes(1));
    }

    private static object Two(FunctionCall call, Func<long, long, long> whole, Func<double, double, double> real)
    {
        call.Takes(2);
        try
        {
            if (call[0] is double || call[1] is double) return real(Number(call, 1), Number(call, 0));
            return whole(call.Whole(1), call.Whole(0));
        }
        catch (OverflowException)
        {
            throw new TemplateFault($"{call.Name}: the result is too large");
        }
    }

    private static double Number(FunctionCall call, int i) => call[i] is double number ? number : call.Whole(i);

    private static long Divided(long a, long b) =>
        b == 0 ? throw new TemplateFault("divide by zero") : checked(a / b);

    private static long Remainder(long a, long b) =>
        b == 0 ? throw new TemplateFault("modulo by zero") : b == -1 ? 0 : a % b;

    private static long Whole(FunctionCall call)
    {
        if (call[0] is long number) return number;
        if (call[0] is "" or null) return 0;
        return long.TryParse(call.Text(0), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)
            ? whole : throw new TemplateFault($"{call.Name}: the text is not a whole number");
    }

    private static double Real(FunctionCall call)
    {
        if (call[0] is double number) return number;
        if (call[0] is "" or null) return 0;
        return double.TryParse(call.Text(0), NumberStyles.Float, CultureInfo.InvariantCulture, out var real)
            ? real : throw new TemplateFault($"{call.Name}: the text is not a number");
    }

    private static bool Flag(FunctionCall call) => call[0] switch
    {
        bool flag => flag,
        "" or null => false,
        "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
        "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
        _ => throw new TemplateFault("parseBool: the text is not true or false"),
    };
}
