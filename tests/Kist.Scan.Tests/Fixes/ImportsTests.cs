using System.Text;
using Kist.Scan.Fixes;

namespace Kist.Scan.Tests.Fixes;

public sealed class ImportsTests
{
    [Theory]
    [InlineData("#!/usr/bin/python\n\"\"\"doc\"\"\"\nfrom __future__ import x\nimport sys\nimport re\n", 53)]
    [InlineData("from a import b\n", 0)]
    [InlineData("import sys\nimport os\n", null)]
    [InlineData("import sys, os\n", null)]
    [InlineData("x = 1\n", null)]
    public void The_import_comes_before_the_first_one(string text, int? place) =>
        Assert.Equal(place, Imports.PythonPlace(Encoding.UTF8.GetBytes(text)));
}
